//! Colour and line style of a model, by its place in the experiment, and colour of a class: the same in charts, strips and on the
//! page.
//!
//! Twelve colours, each with at least 3:1 contrast on white (`light`) and on dark paper (`dark`), as WCAG 2.2 asks of
//! graphics. Any two stay apart for readers who see no red, no green or no blue light. They were
//! searched for by these two demands, within named hues; the tests below repeat both with numbers. After twelve models the
//! colours begin again with another line style.

/// One colour, as it is drawn on white and on dark paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelColour {
    /// Red, green, blue, on white.
    pub light: [u8; 3],
    /// Red, green, blue, on dark paper.
    pub dark: [u8; 3],
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// Without gaps.
    Solid,
    /// Strokes.
    Dashed,
    /// Dots.
    Dotted,
    /// Strokes so long that the gaps are few.
    LongDashed,
}

impl Dash {
    /// The length of a stroke and of a gap, in pixels, for SVG's `stroke-dasharray`; none for a solid line.
    pub fn pattern(self) -> Option<&'static str> {
        match self {
            Dash::Solid => None,
            Dash::Dashed => Some("8 4"),
            Dash::Dotted => Some("2 3"),
            Dash::LongDashed => Some("16 3"),
        }
    }
}

/// Colour and line style of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelStyle {
    /// Its colour.
    pub colour: ModelColour,
    /// Its line style.
    pub dash: Dash,
}

/// The colours, in the order in which models take them; the first six are the farthest apart.
pub const MODELS: [ModelColour; 12] = [
    colour([0x00, 0x72, 0xb2], [0x60, 0x98, 0xf0]), // blue
    colour([0xd5, 0x5e, 0x00], [0xf0, 0x88, 0x10]), // orange
    colour([0x00, 0x40, 0x10], [0x28, 0x80, 0x60]), // green
    colour([0x90, 0x38, 0x70], [0xa0, 0x60, 0x90]), // plum
    colour([0x18, 0x18, 0x20], [0xf0, 0xf8, 0xf0]), // black, white
    colour([0x00, 0xa0, 0xb0], [0x40, 0xe0, 0xf8]), // cyan
    colour([0x68, 0x58, 0x00], [0xf8, 0xe8, 0x08]), // olive, yellow
    colour([0x10, 0x00, 0x98], [0x68, 0x60, 0xe0]), // violet
    colour([0xa0, 0x10, 0x40], [0xd8, 0x38, 0x20]), // red
    colour([0x80, 0x88, 0x80], [0x98, 0xa8, 0xb0]), // grey
    colour([0x30, 0x60, 0x50], [0xc0, 0xf8, 0xb0]), // grey-green, pale green
    colour([0x98, 0x68, 0x48], [0xb8, 0xa8, 0x88]), // tan
];

const DASHES: [Dash; 4] = [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::LongDashed];

/// The style of the model at `index` in the experiment, from 0.
pub fn style(index: usize) -> ModelStyle {
    let round = index / MODELS.len();
    ModelStyle { colour: MODELS[index % MODELS.len()], dash: DASHES[round % DASHES.len()] }
}

/// Of classes, in their order: Okabe and Ito's eight; grey and brown make ten. Classes are named beside their colours too.
pub const CLASSES: [ModelColour; 10] = [
    colour([0x00, 0x72, 0xb2], [0x3f, 0x9b, 0xd8]),
    colour([0xe6, 0x9f, 0x00], [0xe6, 0x9f, 0x00]),
    colour([0x00, 0x9e, 0x73], [0x10, 0xb9, 0x8a]),
    colour([0xcc, 0x79, 0xa7], [0xd9, 0x8f, 0xb8]),
    colour([0x56, 0xb4, 0xe9], [0x8f, 0xd0, 0xf5]),
    colour([0xd5, 0x5e, 0x00], [0xe8, 0x70, 0x2a]),
    colour([0x1f, 0x23, 0x28], [0xf2, 0xf4, 0xf6]),
    colour([0xa8, 0x9a, 0x00], [0xf0, 0xe4, 0x42]),
    colour([0x8c, 0x8c, 0x8c], [0x8f, 0x8f, 0x8f]),
    colour([0x7a, 0x4b, 0x24], [0xb9, 0x8a, 0x5e]),
];

/// Of all classes after the tenth together.
pub const OTHER_CLASSES: ModelColour = colour([0xc4, 0xc8, 0xcc], [0x50, 0x56, 0x5e]);

const fn colour(light: [u8; 3], dark: [u8; 3]) -> ModelColour {
    ModelColour { light, dark }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the page and the charts are drawn on: paper, cards and stages of `page.css` and `live.css`.
    const LIGHT_PAPERS: [[u8; 3]; 2] = [[0xff; 3], [0xfd, 0xfd, 0xfc]];
    const DARK_PAPERS: [[u8; 3]; 3] = [[0x16, 0x18, 0x1b], [0x1b, 0x1e, 0x22], [0x22, 0x26, 0x2b]];

    /// Machado, Oliveira and Fernandes (2009), table 1, severity 1.0, on linear light: all colours, then those without
    /// long, without medium and without short wavelengths.
    const VISIONS: [(&str, [[f64; 3]; 3]); 4] = [
        ("all colours", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    /// Colours side by side begin to look alike at a ΔE₀₀ of about 2.3; lines lie apart, so four times as much is asked.
    const APART: f64 = 10.0;

    fn linear(rgb: [u8; 3]) -> [f64; 3] {
        rgb.map(|byte| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// (L₁ + 0.05)/(L₂ + 0.05), as WCAG defines contrast.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let [a, b] = [a, b].map(|rgb| {
            let [r, g, b] = linear(rgb);
            0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
        });
        a.max(b) / a.min(b)
    }

    /// CIELAB under D65 of a colour seen without some of its light.
    fn seen(rgb: [u8; 3], vision: &[[f64; 3]; 3]) -> [f64; 3] {
        let rgb = linear(rgb);
        let times = |m: &[[f64; 3]; 3], x: [f64; 3]| m.map(|row| (0..3).map(|i| row[i] * x[i]).sum::<f64>());
        let [x, y, z] = times(
            &[
                [0.412_456_4, 0.357_576_1, 0.180_437_5],
                [0.212_672_9, 0.715_152_2, 0.072_175_0],
                [0.019_333_9, 0.119_192_0, 0.950_304_1],
            ],
            times(vision, rgb).map(|c| c.clamp(0.0, 1.0)),
        );
        let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
        let [x, y, z] = [f(x / 0.95047), f(y), f(z / 1.08883)];
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// CIEDE2000, as Sharma, Wu and Dalal (2005) write it.
    fn difference(one: [f64; 3], other: [f64; 3]) -> f64 {
        let grey = |c: f64| (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt();
        let g = 0.5 * (1.0 - grey(f64::midpoint(one[1].hypot(one[2]), other[1].hypot(other[2]))));
        let polar = |[_, a, b]: [f64; 3]| {
            let a = a * (1.0 + g);
            (a.hypot(b), b.atan2(a).to_degrees().rem_euclid(360.0))
        };
        let ((c1, h1), (c2, h2)) = (polar(one), polar(other));
        let turn = match h2 - h1 {
            _ if c1 * c2 == 0.0 => 0.0,
            turn if turn > 180.0 => turn - 360.0,
            turn if turn < -180.0 => turn + 360.0,
            turn => turn,
        };
        let hue = if c1 * c2 == 0.0 { h1 + h2 } else { (h1 + turn / 2.0).rem_euclid(360.0) };
        let (lightness, chroma) = (f64::midpoint(one[0], other[0]), f64::midpoint(c1, c2));
        let cos = |degrees: f64| degrees.to_radians().cos();
        let t = 1.0 - 0.17 * cos(hue - 30.0) + 0.24 * cos(2.0 * hue) + 0.32 * cos(3.0 * hue + 6.0)
            - 0.20 * cos(4.0 * hue - 63.0);
        let from_middle = (lightness - 50.0).powi(2);
        let lightness = (other[0] - one[0]) / (1.0 + 0.015 * from_middle / (20.0 + from_middle).sqrt());
        let turned = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin() / (1.0 + 0.015 * chroma * t);
        let bend = 60.0 * (-((hue - 275.0) / 25.0).powi(2)).exp();
        let rotation = -2.0 * grey(chroma) * bend.to_radians().sin();
        let stronger = (c2 - c1) / (1.0 + 0.045 * chroma);
        (lightness.powi(2) + stronger.powi(2) + turned.powi(2) + rotation * stronger * turned).sqrt()
    }

    #[test]
    fn the_difference_is_that_of_the_published_test_data() {
        // Sharma, Wu and Dalal (2005), table 1, pairs 1, 8, 17 and 25.
        let pairs = [
            ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
            ([50.0, -1.0, 2.0], [50.0, 0.0, 0.0], 2.3669),
            ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
            ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ];
        for (one, other, expected) in pairs {
            let found = difference(one, other);
            assert!((found - expected).abs() < 1e-4, "{one:?} {other:?}: {found}, not {expected}");
        }
    }

    #[test]
    fn every_colour_has_3_to_1_on_all_papers() {
        for ModelColour { light, dark } in MODELS {
            for (colour, papers) in [(light, &LIGHT_PAPERS[..]), (dark, &DARK_PAPERS[..])] {
                for &paper in papers {
                    let contrast = contrast(colour, paper);
                    assert!(contrast >= 3.0, "{colour:02x?} on {paper:02x?}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn any_two_are_told_apart_by_every_reader() {
        for (scheme, colours) in [("light", MODELS.map(|m| m.light)), ("dark", MODELS.map(|m| m.dark))] {
            for (vision, matrix) in &VISIONS {
                for (i, &one) in colours.iter().enumerate() {
                    for &other in &colours[..i] {
                        let apart = difference(seen(one, matrix), seen(other, matrix));
                        assert!(apart > APART, "{scheme}, {vision}: {one:02x?} {other:02x?}: {apart:.1}");
                    }
                }
            }
        }
    }

    #[test]
    fn after_twelve_models_the_line_style_changes() {
        assert_eq!(style(11), ModelStyle { colour: MODELS[11], dash: Dash::Solid });
        assert_eq!(style(12), ModelStyle { colour: MODELS[0], dash: Dash::Dashed });
        assert_eq!(style(25).dash, Dash::Dotted);
        let all: Vec<ModelStyle> = (0..48).map(style).collect();
        assert!(all.iter().enumerate().all(|(i, one)| !all[..i].contains(one)), "48 models have 48 styles");
    }
}
