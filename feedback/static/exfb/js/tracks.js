// A motion as numbers: what the API sends, turned into metres in the axes of the scene, and what follows from it.

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

// The frame where performed and corrected lie furthest apart; without a correction, where the hips are lowest.
export function worstFrame({ performed, corrected }, joints) {
  const width = joints.length * 3, hip = joints.indexOf('mid_hip') * 3;
  let worst = 0, most = -Infinity;
  for (let start = 0; start < performed.length; start += width) {
    let value = corrected ? 0 : -performed[start + hip + 1];
    for (let k = start; corrected && k < start + width; k += 3) {
      value = Math.max(value, Math.hypot(performed[k] - corrected[k], performed[k + 1] - corrected[k + 1], performed[k + 2] - corrected[k + 2]));
    }
    if (value > most) [worst, most] = [start / width, value];
  }
  return worst;
}
