"""Makes the typefaces of reports from those of the pages: fixed weights as TrueType, which a PDF can embed.

Run it after the typeface in feedback/static/exfb/fonts has changed; what it writes is part of the project.
"""

from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).resolve().parents[1] / "feedback"
SOURCE = "atkinson-hyperlegible-next-{}-wght-normal.woff2"
#: The weights of the pages: --w-regular and --w-bold in tokens.css.
WEIGHTS = {"regular": 400, "bold": 680}


def main() -> None:
    for part in ("latin", "latin-ext"):
        for name, weight in WEIGHTS.items():
            font = TTFont(ROOT / "static" / "exfb" / "fonts" / SOURCE.format(part), recalcTimestamp=False)
            for table in ("GPOS", "GSUB", "GDEF"):  # kerning and the like, which the PDF does not use
                if table in font:
                    del font[table]
            instantiateVariableFont(font, {"wght": weight}, inplace=True)
            font.flavor = None
            font.save(ROOT / "reports" / "fonts" / f"{part}-{name}.ttf")


if __name__ == "__main__":
    main()
