//! Figures in both colour schemes: what is drawn for white paper is shown on dark paper with light ink.
//!
//! Files keep the colours of white paper. Within the page, a style that only a dark scheme reads gives every ink of charts and
//! galleries its counterpart; pictures of data stay as they are, black and white, as the data is.

use super::palette::{MODELS, ModelColour};

/// Inks that are not a model's: paper, titles, what explains, axes, grid, published figures; on white and on dark paper.
const INKS: [ModelColour; 6] = [
    ink([0xff, 0xff, 0xff], [0x16, 0x18, 0x1b]),
    ink([0x22, 0x22, 0x22], [0xe3, 0xe5, 0xe8]),
    ink([0x59, 0x59, 0x59], [0xa5, 0xac, 0xb4]),
    ink([0x8c, 0x8c, 0x8c], [0x7d, 0x85, 0x8d]),
    ink([0xe4, 0xe4, 0xe4], [0x36, 0x3b, 0x41]),
    ink([0x80, 0x80, 0x80], [0x9a, 0xa2, 0xaa]),
];

const fn ink(light: [u8; 3], dark: [u8; 3]) -> ModelColour {
    ModelColour { light, dark }
}

/// An SVG of [`chart`](super::chart) or [`gallery`](super::gallery) that follows the reader's colour scheme.
pub(super) fn for_both_schemes(svg: &str) -> String {
    let Some(end_of_root) = svg.find('>').filter(|_| svg.starts_with("<svg")) else { return svg.to_owned() };
    let (root, body) = svg.split_at(end_of_root + 1);
    let mut style = String::from("<style>@media (prefers-color-scheme: dark) {");
    for ModelColour { light, dark } in INKS.iter().chain(&MODELS) {
        let (light, dark) = (hex(*light), hex(*dark));
        for attribute in ["fill", "stroke"] {
            // Attribute values are compared to the letter, and plotters writes capital ones.
            let selectors =
                [format!("[{attribute}=\"{light}\"]"), format!("[{attribute}=\"{}\"]", light.to_uppercase())];
            if selectors.iter().any(|selector| body.contains(&selector[1..selector.len() - 1])) {
                style += &format!(" {} {{ {attribute}: {dark} }}", selectors.join(","));
            }
        }
    }
    format!("{root}{style} }}</style>{body}")
}

/// `#0072b2`
pub(super) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::{Chart, Curve, CurveStyle};

    #[test]
    fn every_ink_of_a_chart_has_a_counterpart_and_is_still_an_svg() {
        let chart = Chart {
            title: "Training error".to_owned(),
            x_label: "epoch".to_owned(),
            y_label: "error".to_owned(),
            curves: vec![
                Curve {
                    label: "a".to_owned(),
                    points: vec![(0.0, 1.0), (1.0, 2.0)],
                    style: CurveStyle::Model(2),
                },
                Curve {
                    label: "b".to_owned(),
                    points: vec![(0.0, 1.0), (1.0, 3.0)],
                    style: CurveStyle::Published,
                },
            ],
            ..Chart::default()
        };
        let svg = for_both_schemes(&chart.svg());
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let style = document.descendants().find(|node| node.has_tag_name("style")).unwrap().text().unwrap();
        for node in document.descendants() {
            for attribute in ["fill", "stroke"] {
                let Some(colour) = node.attribute(attribute).filter(|colour| *colour != "none") else {
                    continue;
                };
                assert!(
                    style.contains(&format!("[{attribute}=\"{colour}\"]")),
                    "{attribute} {colour} has none"
                );
            }
        }
    }

    #[test]
    fn what_is_no_svg_stays_as_it_is() {
        assert_eq!(for_both_schemes("text"), "text");
    }
}
