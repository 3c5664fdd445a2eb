"""Draws the brand pictures of the integration: a tide, and a bolt over it.

Run it with the development environment: `.venv/bin/python script/draw_brand.py`. The pictures are committed; the script
is here so that they can be changed.
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

BRAND = Path(__file__).parents[1] / "custom_components" / "tidewatt" / "brand"
OVERSAMPLING = 8

DEEP = (8, 51, 88)
SURFACE = (0, 122, 158)
FOAM = (64, 190, 190)
SKY = (232, 246, 250)
BOLT = (255, 193, 46)
INK = (8, 51, 88)

BOLT_OUTLINE = [(0.575, 0.10), (0.285, 0.555), (0.475, 0.555), (0.405, 0.90), (0.715, 0.425), (0.515, 0.425)]
"""Corners of the bolt in parts of the picture's width."""


def icon(size: int) -> Image.Image:
    """Return the round icon, `size` pixels wide."""
    big = size * OVERSAMPLING
    picture = Image.new("RGBA", (big, big), SKY)
    draw = ImageDraw.Draw(picture)
    for level, height, phase, colour in (
        (0.50, 0.055, 0.0, FOAM),
        (0.60, 0.05, 0.38, SURFACE),
        (0.71, 0.045, 0.7, DEEP),
    ):
        draw.polygon(_wave(big, level, height, phase), fill=colour)
    bolt = [(x * big, y * big) for x, y in BOLT_OUTLINE]
    draw.polygon(bolt, fill=BOLT)
    draw.line([*bolt, bolt[0], bolt[1]], fill=SKY, width=round(big * 0.022), joint="curve")
    picture.putalpha(_disc(big))
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def logo(height: int) -> Image.Image:
    """Return the icon with the name beside it, `height` pixels high."""
    font = ImageFont.load_default(size=height * 0.56)
    left, top, right, bottom = font.getbbox("Tidewatt")
    gap = round(height * 0.14)
    picture = Image.new("RGBA", (height + 2 * gap + round(right - left), height), (0, 0, 0, 0))
    picture.paste(icon(height), (0, 0))
    at = (height + gap - left, (height - (bottom - top)) / 2 - top)
    ImageDraw.Draw(picture).text(at, "Tidewatt", font=font, fill=INK)
    return picture


def _wave(width: int, level: float, height: float, phase: float) -> list[tuple[float, float]]:
    """Return the outline of water whose surface swings around `level`, all in parts of the picture's width."""
    surface = [
        (x, width * (level + height * math.sin(2 * math.pi * (x / width * 1.25 + phase))))
        for x in range(0, width + 1, 4)
    ]
    return [*surface, (width, width), (0, width)]


def _disc(width: int) -> Image.Image:
    mask = Image.new("L", (width, width), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, width - 1, width - 1), fill=255)
    return mask


def main() -> None:
    """Draw all pictures."""
    BRAND.mkdir(parents=True, exist_ok=True)
    for name, picture in {
        "icon.png": icon(256),
        "icon@2x.png": icon(512),
        "logo.png": logo(128),
        "logo@2x.png": logo(256),
    }.items():
        picture.save(BRAND / name, optimize=True)
        print(f"{BRAND / name}: {picture.width} x {picture.height}")


if __name__ == "__main__":
    main()
