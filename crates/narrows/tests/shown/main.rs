//! Whole runs on data that is not MNIST: which figures they draw, and what the report says and leaves out.
#![cfg(feature = "report")]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, and these are their helpers")]

mod made;

use std::fs;
use std::path::PathBuf;

use narrows::dataset::{Dataset, Missing, Parts, Values};
use narrows::experiment::Experiment;

/// Runs an experiment, and gives its folder and its report.
fn run(name: &str, data: &Parts, toml: &str) -> (PathBuf, String) {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shown").join(name);
    let experiment = Experiment::from_toml(toml).unwrap();
    made::run(&experiment, data, &out);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    (out, report)
}

fn figures(run: &std::path::Path) -> Vec<String> {
    let files = fs::read_dir(run.join("figures")).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".png"));
    names.sort();
    names
}

/// The pixels of a PNG: its width, and red, green and blue of each.
fn pixels(run: &std::path::Path, name: &str) -> Vec<[u8; 3]> {
    let file = std::io::BufReader::new(fs::File::open(run.join("figures").join(name)).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let channels = info.color_type.samples();
    bytes[..info.buffer_size()]
        .chunks(channels)
        .map(|pixel| [pixel[0], pixel[1 % channels], pixel[2 % channels]])
        .collect()
}

fn text_between<'a>(report: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = report.split_once(begin).unwrap();
    rest.split_once(end).unwrap().0
}

#[test]
fn images_in_colour_are_shown_in_colour_with_the_names_of_their_classes() {
    let data = made::colour(true);
    let ends = ["train:sun", "train:airplane over the open water at night"];
    let (out, report) = run("colour", &data, &made::experiment("discs", ends, true));
    let names = figures(&out);
    for wanted in [
        "data.png",
        "originals.png",
        "reconstructions.png",
        "components.png",
        "sources.png",
        "extremes-deep.png",
    ] {
        assert!(names.contains(&wanted.to_owned()), "{wanted} of {names:?}");
        // The yellow of a sun, or its like: much red and green, little blue.
        let coloured = pixels(&out, wanted)
            .iter()
            .filter(|[r, g, b]| r.abs_diff(*b) > 60 || g.abs_diff(*b) > 60)
            .count();
        assert!(coloured > 200, "{wanted} has {coloured} pixels in colour");
    }
    let (text, _) = report.split_once("id=\"study\"").unwrap();
    assert!(text.contains("sun → airplane over the open water at night"));
    assert!(text.contains("11 of 50 steps"), "fifty steps are thinned in the strip");
    assert!(text.contains("Of red, green and blue, 0 is none and 255 is all."));
    assert!(names.iter().any(|name| name.starts_with("strip-sun-airplane")), "{names:?}");
    assert!(!text.to_lowercase().contains("digit "), "nothing of digits");
}

#[test]
fn a_table_has_figures_of_its_own_and_none_of_pictures() {
    let data = made::table(true);
    let (out, report) = run("table", &data, &made::experiment("machines", ["train:pump", "train:fan"], true));
    let names = figures(&out);
    for wanted in [
        "columns",
        "values-deep",
        "values-pca",
        "codes-deep",
        "strip-pump-fan",
        "interpolation-pump-fan-deep",
        "curves",
    ] {
        assert!(names.contains(&format!("{wanted}.png")), "{wanted} of {names:?}");
        assert!(report.contains(&format!("id=\"figure-{wanted}\"")), "{wanted} has an address in the report");
        let svg = fs::read_to_string(out.join(format!("figures/{wanted}.svg"))).unwrap();
        assert!(svg.contains("<text"), "{wanted} is written to scale, too");
    }
    for absent in ["data.png", "originals.png", "reconstructions.png", "sources.png"] {
        assert!(!names.contains(&absent.to_owned()), "{names:?}");
    }
    let (text, _) = report.split_once("id=\"study\"").unwrap();
    assert!(text.contains("per column") && text.contains("standardised units"));
    let words = read_text(text_between(text, "<main", "</main>")).to_lowercase();
    for sentence in words.split(". ") {
        let of_images = ["image", "pixel", "digit "].iter().any(|word| sentence.contains(word));
        assert!(!of_images, "a table has none of those: {sentence}");
    }
}

/// What a reader reads: no tags, and so no addresses of pictures.
fn read_text(html: &str) -> String {
    html.split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The table with labels, in which every eleventh value is missing and stays so.
fn table_with_holes() -> Parts {
    let whole = made::table(true);
    let schema = whole.schema().clone().with_missing(Missing::Mask).unwrap();
    let holed = |part: &Dataset| {
        let values = (0..part.rows()).flat_map(|row| part.raw_row(row)).enumerate();
        let values = values.map(|(index, value)| if index % 11 == 0 { f32::NAN } else { value }).collect();
        let labels = part.labels().map(<[u32]>::to_vec);
        Dataset::new(part.name(), schema.clone(), Values::Numbers(values), labels).unwrap()
    };
    Parts::new(holed(whole.train()), None, holed(whole.test())).unwrap()
}

#[test]
fn what_cannot_be_measured_is_told_with_the_reason_and_costs_nothing_else() {
    let data = table_with_holes();
    let (out, report) =
        run("holes", &data, &made::experiment("machines", ["train:pump", "train:fan"], false));
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    for model in summary["models"].as_array().unwrap() {
        assert!(model["latent"]["effective_rank"].is_f64(), "{model}");
        let is_linear = model["name"] != "deep";
        assert_eq!(model["certificate"].is_null() && is_linear, is_linear, "{model}");
        let why = model["not_measured"][0].as_str().unwrap_or_default();
        assert_eq!(why.contains("values of the data are missing"), is_linear, "{model}");
    }
    assert!(report.contains("Whether it is PCA was not measured"));
}

#[test]
fn without_labels_a_sentence_says_what_is_not_there() {
    let data = made::table(false);
    let (_, report) = run("unlabelled", &data, &made::experiment("machines", ["train#0", "train#1"], true));
    assert!(report.contains("The data has no labels."));
    assert!(report.contains("Interpolations are judged by their distance to the data alone."));
    let (text, _) = report.split_once("id=\"study\"").unwrap();
    assert!(text.contains("trustworthiness"), "what needs no labels is there");
    for absent in [
        ">linear probe<",
        ">5-NN accuracy<",
        "table-class-errors",
        "the classifier",
        "linear classifier",
        "within the two",
    ] {
        assert!(!text.contains(absent), "{absent}");
    }
}
