//! What an HTML parser would read differently (HTML §13.2.6): elements that it moves, closes early, or puts in by itself.
//!
//! Output for a page holds only nests that the tree construction of HTML takes as they are. An element that does
//! not fit where it stands is unwrapped, text that would be moved out of a table is dropped, and a row gets the `tbody` that HTML
//! would give it.

/// The namespace of HTML.
pub(super) const XHTML: &[u8] = b"http://www.w3.org/1999/xhtml";
pub(super) const SVG: &[u8] = b"http://www.w3.org/2000/svg";
pub(super) const XLINK: &[u8] = b"http://www.w3.org/1999/xlink";

/// Closes an open `p`.
const BLOCK: u32 = 1;
pub(super) const PARAGRAPH: u32 = 1 << 1;
const HEADING: u32 = 1 << 2;
const LINK: u32 = 1 << 3;
const ITEM: u32 = 1 << 4;
const LIST: u32 = 1 << 5;
const TERM: u32 = 1 << 6;
const TERMS: u32 = 1 << 7;
pub(super) const TABLE: u32 = 1 << 8;
const SECTION: u32 = 1 << 9;
pub(super) const ROW: u32 = 1 << 10;
const CELL: u32 = 1 << 11;
const CAPTION: u32 = 1 << 12;
const COLUMNS: u32 = 1 << 13;
const COLUMN: u32 = 1 << 14;
const RUBY: u32 = 1 << 15;
const RUBY_PART: u32 = 1 << 16;
/// Its first line feed is passed by.
pub(super) const PRE: u32 = 1 << 17;
/// In the namespace of HTML.
pub(super) const HTML: u32 = 1 << 18;
/// In that of SVG.
pub(super) const PICTURE: u32 = 1 << 19;
/// In that of SVG, by a name at which an HTML parser leaves the picture.
pub(super) const BREAKS: u32 = 1 << 20;
/// A `p` or `a` around it is out of scope in it.
const SCOPE: u32 = CELL | CAPTION;
/// Text in it is moved out, but for white space.
const BARE: u32 = TABLE | SECTION | ROW | COLUMNS;

/// Names at which an HTML parser leaves foreign content (HTML §13.2.6.5).
fn breaks_out(local: &[u8]) -> bool {
    const NAMES: [&str; 45] = [
        "b",
        "big",
        "blockquote",
        "body",
        "br",
        "center",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "embed",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "hr",
        "i",
        "img",
        "li",
        "listing",
        "menu",
        "meta",
        "nobr",
        "ol",
        "p",
        "pre",
        "ruby",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tt",
        "u",
        "ul",
        "var",
    ];
    NAMES.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(local))
}

/// What HTML makes of an element.
pub(super) fn class(uri: &[u8], local: &[u8]) -> u32 {
    if uri != XHTML {
        return if uri != SVG {
            0
        } else if breaks_out(local) {
            PICTURE | BREAKS
        } else {
            PICTURE
        };
    }
    HTML | match local {
        b"p" => BLOCK | PARAGRAPH,
        b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => BLOCK | HEADING,
        b"a" => LINK,
        b"li" => BLOCK | ITEM,
        b"ul" | b"ol" | b"menu" | b"dir" => BLOCK | LIST,
        b"dt" | b"dd" => BLOCK | TERM,
        b"dl" => BLOCK | TERMS,
        b"table" => BLOCK | TABLE,
        b"thead" | b"tbody" | b"tfoot" => SECTION,
        b"tr" => ROW,
        b"td" | b"th" => CELL,
        b"caption" => CAPTION,
        b"colgroup" => COLUMNS,
        b"col" => COLUMN,
        b"ruby" => RUBY,
        b"rb" | b"rt" | b"rtc" | b"rp" => RUBY_PART,
        b"pre" | b"listing" => BLOCK | PRE,
        b"address" | b"article" | b"aside" | b"blockquote" | b"center" | b"details" | b"dialog" | b"div"
        | b"fieldset" | b"figcaption" | b"figure" | b"footer" | b"header" | b"hgroup" | b"hr" | b"main" | b"nav"
        | b"search" | b"section" | b"summary" | b"form" | b"plaintext" | b"xmp" => BLOCK,
        _ => 0,
    }
}

/// Where an element stands: the one around it, and what is open further out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    pub parent: u32,
    pub in_paragraph: bool,
    pub in_link: bool,
}

impl Around {
    /// Whether HTML leaves an element of this class where it is.
    pub(super) fn takes(self, class: u32) -> bool {
        if class & HTML == 0 {
            return self.parent & BARE == 0;
        }
        let needs = |child: u32, parent: u32| class & child == 0 || self.parent & parent != 0;
        // Between the parts of a table there is nothing else.
        let fits = match self.parent & BARE {
            0 => true,
            TABLE => class & (SECTION | ROW | CAPTION | COLUMNS) != 0,
            SECTION => class & ROW != 0,
            ROW => class & CELL != 0,
            _ => class & COLUMN != 0,
        };
        fits && !(class & BLOCK != 0 && self.in_paragraph)
            && !(class & LINK != 0 && self.in_link)
            && !(class & HEADING != 0 && self.parent & HEADING != 0)
            && needs(ITEM, LIST)
            && needs(TERM, TERMS)
            && needs(SECTION | CAPTION | COLUMNS, TABLE)
            && needs(ROW, TABLE | SECTION)
            && needs(CELL, ROW)
            && needs(COLUMN, COLUMNS)
            && needs(RUBY_PART, RUBY)
    }

    /// Whether text stays where it is; white space stays everywhere.
    pub(super) fn takes_text(self) -> bool {
        self.parent & BARE == 0
    }

    /// The same inside an element of this class.
    pub(super) fn inside(self, class: u32) -> Self {
        let scope = class & SCOPE == 0;
        Self {
            parent: class,
            in_paragraph: scope && (self.in_paragraph || class & PARAGRAPH != 0),
            in_link: scope && (self.in_link || class & LINK != 0),
        }
    }
}
