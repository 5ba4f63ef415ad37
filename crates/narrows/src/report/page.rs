//! The report as one HTML document: text, tables and figures, and nothing to load. Nothing runs but the live parts,
//! if it has them.
//!
//! The document says so itself: its content security policy allows the style, the images and the one script that it
//! carries, and nothing else. All text is escaped by maud, so a model may be called `<script>`. Each figure is an
//! image of its own, so that identifiers within two SVGs cannot meet. `page.css` is its looks: light and
//! dark, for a wide window, a telephone and A4 paper.

mod numbering;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::numbering::Numbering;
use super::live::Live;
use super::{data_uri, theme};

/// A whole document.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What the document is about; also the name of its window.
    pub title: String,
    /// A line under the title, such as when and by what it was made; may be empty.
    pub subtitle: String,
    /// What was found, on one page, for those who read no further: it stands before everything else.
    pub answers: Option<Section>,
    /// The parts, listed in the table of contents.
    pub sections: Vec<Section>,
    /// The parts that run, if there are any: they stand before the sections, which then are their last part.
    pub live: Option<Live>,
}

/// A part of a document.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its name, also in the table of contents.
    pub heading: String,
    /// What stands under it.
    pub blocks: Vec<Block>,
}

/// What a section is made of.
#[derive(Clone, Debug)]
pub enum Block {
    /// A heading within the section.
    Heading(String),
    /// A paragraph.
    Paragraph(Paragraph),
    /// An unnumbered list.
    List(Vec<Paragraph>),
    /// A table.
    Table(Table),
    /// A chart or a picture.
    Figure(Figure),
    /// A remark set off from the text, such as a caution.
    Note(Paragraph),
    /// Lines of a file or a command, shown as they are.
    Code(String),
    /// What most readers do not need: closed until it is asked for.
    Details {
        /// What is always shown.
        summary: String,
        /// What is shown when it is opened.
        blocks: Vec<Block>,
        /// Whether it is printed too, open.
        on_paper: bool,
    },
}

/// Running text.
#[derive(Clone, Debug, Default)]
pub struct Paragraph(pub Vec<Span>);

/// A piece of running text.
#[derive(Clone, Debug)]
pub enum Span {
    /// Plain text.
    Text(String),
    /// Text that a reader should not miss, such as a result.
    Strong(String),
    /// A name as a computer reads it: of a file, a command, a model.
    Code(String),
    /// Text that leads somewhere. Only addresses that begin with `https://`, `http://` or `#` are followed;
    /// with any other, only the text is shown.
    Link {
        /// What is shown.
        text: String,
        /// Where it leads.
        address: String,
    },
    /// `Figure 3` or `Table 2`, by its anchor; leads there. Nothing if there is none.
    Reference(String),
}

/// Rows under one header.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its address within the page, such as `table-results`; no other figure or table has it.
    pub anchor: String,
    /// What the table shows.
    pub caption: Paragraph,
    /// The columns. The first names the rows.
    pub columns: Vec<Column>,
    /// The rows. A row that is too short ends in empty cells; cells without a column are not shown.
    pub rows: Vec<Vec<Cell>>,
    /// Remarks under the table, numbered from 1.
    pub footnotes: Vec<Paragraph>,
}

/// A column of a table.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// What stands over it.
    pub heading: String,
    /// Where its cells are aligned.
    pub align: Align,
}

/// Where the cells of a column are aligned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// At the left: words.
    #[default]
    Left,
    /// At the right: numbers, whose digits are then under one another.
    Right,
    /// To the left; text that is too long for its line goes on in the next.
    Wrapped,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// How much it is stressed.
    pub emphasis: Emphasis,
    /// The number of the footnote that explains it.
    pub footnote: Option<usize>,
}

/// How much a cell is stressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// As the others.
    #[default]
    None,
    /// The best of its column.
    Best,
}

/// A chart or a picture with its caption.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its address within the page, such as `figure-curves`; no other figure or table has it.
    pub anchor: String,
    /// What it shows, for those who see it.
    pub caption: Paragraph,
    /// What it shows, for those who do not.
    pub alt: String,
    /// The figure itself.
    pub image: Image,
}

/// An image in a format that browsers show.
#[derive(Clone, Debug)]
pub enum Image {
    /// An SVG document, such as [`Chart::svg`](super::chart::Chart::svg) and [`gallery`](super::gallery)
    /// make.
    Svg(String),
    /// A PNG file, shown at its own size where there is room.
    Png(Vec<u8>),
}

impl<T: Into<String>> From<T> for Paragraph {
    fn from(text: T) -> Self {
        Self(vec![Span::Text(text.into())])
    }
}

impl Default for Cell {
    /// What is not known, or does not apply.
    fn default() -> Self {
        Self { text: "–".to_owned(), emphasis: Emphasis::None, footnote: None }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// What a browser lets the document do: show the images and use the style within it.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

impl Page {
    /// The document.
    pub fn html(&self) -> String {
        let policy = self.live.as_ref().map_or(POLICY.to_owned(), Live::policy);
        let numbering = Numbering::of(self);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    // Without an icon some browsers ask the server for one.
                    link rel="icon" href="data:,";
                    style {
                        (PreEscaped(include_str!("page.css")))
                        @if self.live.is_some() { (PreEscaped(Live::style())) }
                    }
                }
                body {
                    header {
                        h1 { (self.title) }
                        @if !self.subtitle.is_empty() { p.subtitle { (self.subtitle) } }
                    }
                    @if self.live.is_some() { (Live::place()) }
                    @if self.sections.len() > 1 { (self.contents()) }
                    main {
                        @if let Some(answers) = &self.answers {
                            section #answers {
                                h2 id="section-answers" { (answers.heading) }
                                (blocks(&answers.blocks, &numbering))
                            }
                        }
                        @for (index, section) in self.sections.iter().enumerate() {
                            section {
                                h2 id=(format!("section-{}", index + 1)) { (section.heading) }
                                (blocks(&section.blocks, &numbering))
                            }
                        }
                    }
                    @if let Some(live) = &self.live { (live.markup()) }
                }
            }
        }
        .into_string()
    }

    fn contents(&self) -> Markup {
        html! {
            nav aria-label="Contents" {
                ol {
                    @if let Some(answers) = &self.answers {
                        li { a href="#section-answers" { (answers.heading) } }
                    }
                    @for (index, section) in self.sections.iter().enumerate() {
                        li { a href=(format!("#section-{}", index + 1)) { (section.heading) } }
                    }
                }
            }
        }
    }
}

fn blocks(blocks: &[Block], numbering: &Numbering) -> Markup {
    html! { @for block in blocks { (one_block(block, numbering)) "\n" } }
}

fn one_block(block: &Block, numbering: &Numbering) -> Markup {
    match block {
        Block::Heading(text) => html! { h3 { (text) } },
        Block::Paragraph(paragraph) => html! { p { (spans(paragraph, numbering)) } },
        Block::List(items) => html! { ul { @for item in items { li { (spans(item, numbering)) } } } },
        Block::Table(table) => one_table(table, numbering),
        Block::Figure(figure) => one_figure(figure, numbering),
        Block::Note(paragraph) => html! { p.note role="note" { (spans(paragraph, numbering)) } },
        Block::Code(text) => html! { pre tabindex="0" { code { (text) } } },
        Block::Details { summary, blocks: inside, on_paper } => html! {
            details.screen-only[!on_paper] {
                summary { (summary) }
                div.inside { (blocks(inside, numbering)) }
            }
        },
    }
}

fn spans(paragraph: &Paragraph, numbering: &Numbering) -> Markup {
    html! {
        @for span in &paragraph.0 {
            @match span {
                Span::Text(text) => (text),
                Span::Strong(text) => strong { (text) },
                Span::Code(text) => code { (text) },
                Span::Link { text, address } => {
                    @if followed(address) { a href=(address) { (text) } } @else { (text) }
                }
                Span::Reference(anchor) => {
                    @if let Some(name) = numbering.name(anchor) { a href=(format!("#{anchor}")) { (name) } }
                }
            }
        }
    }
}

/// The number before a caption, and a link to it for those who cite it.
fn numbered_caption(anchor: &str, caption: &Paragraph, numbering: &Numbering) -> Markup {
    let name = numbering.name(anchor).unwrap_or_default();
    html! {
        figcaption {
            a.number-link href=(format!("#{anchor}")) { (name) } ". " (spans(caption, numbering))
        }
    }
}

/// Whether a link to `address` is one: `javascript:` and its like are not.
fn followed(address: &str) -> bool {
    ["https://", "http://", "#"].iter().any(|beginning| address.starts_with(beginning))
}

fn one_table(table: &Table, numbering: &Numbering) -> Markup {
    let none = Cell::default();
    let class = |align: Align| match align {
        Align::Left => None,
        Align::Right => Some("number"),
        Align::Wrapped => Some("text"),
    };
    html! {
        // The box scrolls where the table is wider; a keyboard can reach it.
        figure.table id=(table.anchor) {
            (numbered_caption(&table.anchor, &table.caption, numbering))
            div.scroll tabindex="0" role="region" aria-label=[numbering.name(&table.anchor)] {
                table {
                    thead {
                        tr {
                            @for column in &table.columns {
                                // A header cell without text would be announced as one.
                                @if column.heading.is_empty() {
                                    td {}
                                } @else {
                                    th scope="col" class=[class(column.align)] { (column.heading) }
                                }
                            }
                        }
                    }
                    tbody {
                        @for row in &table.rows {
                            tr {
                                @for (index, column) in table.columns.iter().enumerate() {
                                    @let cell = row.get(index).unwrap_or(&none);
                                    @if index == 0 {
                                        th scope="row" class=[class(column.align)] { (one_cell(cell)) }
                                    } @else {
                                        td class=[class(column.align)] { (one_cell(cell)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !table.footnotes.is_empty() {
                ol.footnotes { @for footnote in &table.footnotes { li { (spans(footnote, numbering)) } } }
            }
        }
    }
}

fn one_cell(cell: &Cell) -> Markup {
    html! {
        @match cell.emphasis {
            Emphasis::None => (cell.text),
            Emphasis::Best => strong.best { (cell.text) },
        }
        @if let Some(number) = cell.footnote { sup { (number) } }
    }
}

fn one_figure(figure: &Figure, numbering: &Numbering) -> Markup {
    let source = match &figure.image {
        Image::Svg(svg) => data_uri("image/svg+xml", theme::for_both_schemes(svg).as_bytes()),
        Image::Png(png) => data_uri("image/png", png),
    };
    html! {
        figure.image id=(figure.anchor) {
            div.card { img src=(source) alt=(figure.alt); }
            (numbered_caption(&figure.anchor, &figure.caption, numbering))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "<script>alert(\"1\")</script> & 'more'";
    const ESCAPED: &str = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 'more'";

    fn page(blocks: Vec<Block>) -> String {
        let section = |heading: &str, blocks| Section { heading: heading.to_owned(), blocks };
        Page {
            title: "Study".to_owned(),
            subtitle: "seed 0".to_owned(),
            answers: None,
            sections: vec![section("First", blocks), section("Second", Vec::new())],
            live: None,
        }
        .html()
    }

    fn table() -> Table {
        let column = |heading: &str, align| Column { heading: heading.to_owned(), align };
        Table {
            anchor: "table-errors".to_owned(),
            caption: "Errors".into(),
            columns: vec![column("model", Align::Left), column("test", Align::Right)],
            rows: vec![
                vec!["pca".into(), Cell { footnote: Some(1), .."0.1074".into() }],
                vec!["three-layer".into(), Cell { emphasis: Emphasis::Best, .."0.0519".into() }],
                vec!["unfinished".into()],
            ],
            footnotes: vec!["The bound of Eckart and Young.".into()],
        }
    }

    /// The names of all opening tags, in order, having checked that each is closed in turn.
    fn tags(html: &str) -> Vec<String> {
        const VOID: [&str; 4] = ["meta", "link", "img", "!DOCTYPE"];
        let (mut open, mut all) = (Vec::new(), Vec::new());
        let mut rest = html;
        while let Some(start) = rest.find('<') {
            let end = start + rest[start..].find('>').unwrap();
            let tag = &rest[start + 1..end];
            let name = tag.split_whitespace().next().unwrap_or_default();
            if let Some(closed) = name.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(closed), "a tag is closed out of turn");
            } else {
                all.push(name.to_owned());
                if !VOID.contains(&name) {
                    open.push(name.to_owned());
                }
            }
            rest = &rest[end + 1..];
        }
        assert!(open.is_empty(), "not closed: {open:?}");
        all
    }

    #[test]
    fn every_text_is_escaped_everywhere() {
        let text = || EVIL.to_owned();
        let spans = || {
            Paragraph(vec![
                Span::Text(text()),
                Span::Strong(text()),
                Span::Code(text()),
                Span::Link { text: text(), address: format!("#{EVIL}") },
            ])
        };
        let evil_table = Table {
            anchor: text(),
            caption: spans(),
            columns: vec![Column { heading: text(), align: Align::Right }; 2],
            rows: vec![vec![EVIL.into(), Cell { text: text(), emphasis: Emphasis::Best, footnote: Some(1) }]],
            footnotes: vec![spans()],
        };
        let figure =
            Figure { anchor: format!("{EVIL}2"), caption: spans(), alt: text(), image: Image::Svg(text()) };
        let blocks = vec![
            Block::Heading(text()),
            Block::Paragraph(spans()),
            Block::List(vec![spans()]),
            Block::Table(evil_table),
            Block::Figure(figure),
            Block::Note(spans()),
            Block::Code(text()),
        ];
        let sections = vec![
            Section {
                heading: text(),
                blocks: vec![Block::Details { summary: text(), blocks, on_paper: true }],
            },
            Section { heading: text(), blocks: Vec::new() },
        ];
        let html = Page { title: text(), subtitle: text(), answers: None, sections, live: None }.html();
        assert!(!tags(&html).iter().any(|tag| tag == "script"));
        // The title twice, the subtitle, six paragraphs of four spans and an address, two sections listed and shown; then a
        // heading, two columns, two cells, a description, code and a summary; the addresses of table and figure, each twice.
        assert_eq!(html.matches(ESCAPED).count(), 2 + 1 + 6 * 5 + 4 + 8 + 4);
    }

    #[test]
    fn nothing_is_loaded_and_nothing_runs() {
        let image = Image::Svg("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned());
        let html = page(vec![Block::Figure(Figure {
            anchor: "figure-c".to_owned(),
            caption: "c".into(),
            alt: "a".to_owned(),
            image,
        })]);
        assert!(html.contains("default-src 'none'; img-src data:; style-src 'unsafe-inline'"));
        for source in html.match_indices("src=\"").map(|(at, found)| &html[at + found.len()..]) {
            assert!(source.starts_with("data:image/svg+xml;base64,PHN2ZyB4bWxucz0i"), "{source:.40}");
        }
        assert!(!html.contains("url(") && !html.contains("@import") && !html.contains("://"), "an address");
        assert!(!tags(&html).iter().any(|tag| tag == "script"));
    }

    #[test]
    fn the_contents_lead_to_the_sections() {
        let html = page(vec![Block::Heading("Part".to_owned())]);
        for (number, name) in [(1, "First"), (2, "Second")] {
            assert!(html.contains(&format!("<a href=\"#section-{number}\">{name}</a>")));
            assert_eq!(html.matches(&format!("<h2 id=\"section-{number}\">{name}</h2>")).count(), 1);
        }
        let headings: Vec<_> =
            tags(&html).into_iter().filter(|tag| ["h1", "h2", "h3"].contains(&tag.as_str())).collect();
        assert_eq!(headings, ["h1", "h2", "h3", "h2"], "no level is skipped");
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\">"));
    }

    #[test]
    fn a_table_has_its_header_its_best_and_its_footnotes() {
        let html = page(vec![Block::Table(table())]);
        assert!(html.contains("<th scope=\"col\" class=\"number\">test</th>"));
        assert!(html.contains("<th scope=\"row\">pca</th><td class=\"number\">0.1074<sup>1</sup></td>"));
        assert!(html.contains("<td class=\"number\"><strong class=\"best\">0.0519</strong></td>"));
        assert!(html.contains("<th scope=\"row\">unfinished</th><td class=\"number\">–</td>"));
        assert!(html.contains("<ol class=\"footnotes\"><li>The bound of Eckart and Young.</li></ol>"));
    }

    #[test]
    fn figures_carry_their_description_and_their_bytes() {
        let png = Image::Png(vec![0x89, b'P', b'N', b'G']);
        let html = page(vec![Block::Figure(Figure {
            anchor: "figure-seven".to_owned(),
            caption: "Seven".into(),
            alt: "a 7".to_owned(),
            image: png,
        })]);
        assert!(html.contains(
            "<figure class=\"image\" id=\"figure-seven\"><div class=\"card\"><img src=\"data:image/png;base64,iVBORw==\" \
             alt=\"a 7\"></div><figcaption><a class=\"number-link\" href=\"#figure-seven\">Figure 1</a>. Seven</figcaption>"
        ));
    }

    #[test]
    fn numbers_follow_the_page_and_references_find_them() {
        let image = || Image::Svg("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned());
        let figure = |anchor: &str| {
            Block::Figure(Figure {
                anchor: anchor.to_owned(),
                caption: "c".into(),
                alt: "a".to_owned(),
                image: image(),
            })
        };
        let refer = |anchor: &str| Block::Paragraph(Paragraph(vec![Span::Reference(anchor.to_owned())]));
        let folded =
            Block::Details { summary: "more".to_owned(), blocks: vec![figure("b")], on_paper: false };
        let html =
            page(vec![refer("c"), figure("a"), folded, figure("c"), Block::Table(table()), refer("none")]);
        for (number, anchor) in ["a", "b", "c"].iter().enumerate() {
            assert!(
                html.contains(&format!(
                    "<a class=\"number-link\" href=\"#{anchor}\">Figure {}</a>",
                    number + 1
                ))
            );
        }
        assert!(html.contains("<p><a href=\"#c\">Figure 3</a></p>"));
        assert!(html.contains("href=\"#table-errors\">Table 1</a>") && html.contains("<p></p>"));
        assert!(html.contains("<details class=\"screen-only\">"), "what is not for paper is marked");
    }

    #[test]
    fn only_links_to_pages_are_followed() {
        let link = |address: &str| {
            let span = Span::Link { text: "there".to_owned(), address: address.to_owned() };
            page(vec![Block::Paragraph(Paragraph(vec![span]))])
        };
        assert!(
            link("https://example.org/?a=1&b=2")
                .contains("<a href=\"https://example.org/?a=1&amp;b=2\">there</a>")
        );
        for address in ["javascript:alert(1)", " https://example.org", "data:text/html,x", "JAVASCRIPT:x", ""]
        {
            assert!(link(address).contains("<p>there</p>"), "{address}");
        }
    }

    #[test]
    fn no_text_is_smaller_than_12_pixels() {
        let css = include_str!("page.css").to_owned() + Live::style();
        let sizes = css.match_indices("rem").filter_map(|(end, _)| {
            let number = css[..end].rsplit(|c: char| c != '.' && !c.is_ascii_digit()).next()?;
            let before = css[..end - number.len()].trim_end();
            (before.ends_with("font-size:") || before.ends_with("font:"))
                .then(|| number.parse::<f64>().unwrap())
        });
        let sizes: Vec<f64> = sizes.collect();
        assert!(sizes.len() > 10, "{sizes:?}");
        // 16 pixels to the rem on a screen, 14.8 on paper.
        assert!(sizes.iter().all(|size| size * 14.8 >= 12.0), "{sizes:?}");
    }
}
