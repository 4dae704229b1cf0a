// A motion as numbers: what the API sends, turned into metres in the axes of the scene.

// Rows of 57 whole millimetres, x right, y forward, z up. Here: x to the person's left, y up, z forward, metres.
export function track(rows) {
  const out = new Float32Array(rows.length * rows[0].length);
  let k = 0;
  for (const row of rows) {
    for (let j = 0; j < row.length; j += 3) {
      out[k++] = -row[j] / 1000;
      out[k++] = row[j + 2] / 1000;
      out[k++] = row[j + 1] / 1000;
    }
  }
  return out;
}
