//! The PDF of an invoice or credit note.
//!
//! The same document gives the same bytes: no clock, no random id, fonts in the binary, one order of everything. Texts
//! are set glyph by glyph, with the digits of the fonts all of one width, so that columns of amounts stand under each
//! other; every text can be selected and found.

#![expect(clippy::float_arithmetic, reason = "places on a page; amounts are integers until they are texts")]

use super::{Document, InvoiceError, decimal};
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, SerializeSettings};
use plaza_protocol::{Currency, Micros};
use skrifa::MetadataProvider as _;
use skrifa::instance::{LocationRef, Size};
use skrifa::raw::FontRef;

static REGULAR: &[u8] = include_bytes!("../../fonts/Inter-Regular.ttf");
static SEMI_BOLD: &[u8] = include_bytes!("../../fonts/Inter-SemiBold.ttf");

/// A4, in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 52.0;
const RIGHT: f32 = WIDTH - MARGIN;
/// Lines end above the foot.
const BOTTOM: f32 = HEIGHT - 84.0;
/// The right ends of the columns of numbers.
const QUANTITY: f32 = 372.0;
const UNIT: f32 = 454.0;
/// The widest description before it goes on in the next line.
const TEXT_WIDTH: f32 = 250.0;

const INK: (u8, u8, u8) = (17, 24, 39);
const GREY: (u8, u8, u8) = (92, 102, 117);
const ACCENT: (u8, u8, u8) = (13, 110, 100);
const RULE: (u8, u8, u8) = (214, 219, 226);
const TINT: (u8, u8, u8) = (240, 247, 245);

/// One of the two fonts.
struct Face {
    font: Font,
    shapes: FontRef<'static>,
}

impl Face {
    fn new(data: &'static [u8]) -> Result<Self, InvoiceError> {
        let wrong = InvoiceError::Document("a font cannot be read");
        let shapes = FontRef::new(data).map_err(|_| InvoiceError::Document("a font cannot be read"))?;
        Ok(Self { font: Font::new(Data::from(data.to_vec()), 0).ok_or(wrong)?, shapes })
    }

    /// The glyphs of a text, and its width at a size of one point.
    fn set(&self, text: &str) -> (Vec<KrillaGlyph>, f32) {
        let (map, metrics) =
            (self.shapes.charmap(), self.shapes.glyph_metrics(Size::new(1.0), LocationRef::default()));
        let mut width = 0.0;
        let mut glyphs = Vec::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let id = map.map(c).unwrap_or_default();
            let advance = metrics.advance_width(id).unwrap_or_default();
            let end = start.saturating_add(c.len_utf8());
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(id.to_u32()),
                advance,
                0.0,
                0.0,
                0.0,
                start..end,
                None,
            ));
            width += advance;
        }
        (glyphs, width)
    }
}

struct Sheet<'a, 'b> {
    surface: Surface<'a>,
    fonts: &'b (Face, Face),
}

/// How a text looks.
#[derive(Clone, Copy)]
struct Look {
    size: f32,
    bold: bool,
    color: (u8, u8, u8),
}

const BODY: Look = Look { size: 9.0, bold: false, color: INK };
const STRONG: Look = Look { size: 9.0, bold: true, color: INK };
const SMALL: Look = Look { size: 8.0, bold: false, color: GREY };
const LABEL: Look = Look { size: 8.0, bold: true, color: GREY };

impl Sheet<'_, '_> {
    fn fill(&mut self, (red, green, blue): (u8, u8, u8)) {
        self.surface
            .set_fill(Some(Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }));
    }

    fn face(&self, look: Look) -> &Face {
        if look.bold { &self.fonts.1 } else { &self.fonts.0 }
    }

    fn text(&mut self, (x, y): (f32, f32), look: Look, text: &str) {
        if text.is_empty() {
            return;
        }
        let face = self.face(look);
        let (font, (glyphs, _)) = (face.font.clone(), face.set(text));
        self.fill(look.color);
        self.surface.draw_glyphs(Point::from_xy(x, y), &glyphs, font, text, look.size, false);
    }

    fn right(&mut self, (x, y): (f32, f32), look: Look, text: &str) {
        let width = self.face(look).set(text).1 * look.size;
        self.text((x - width, y), look, text);
    }

    fn rectangle(&mut self, color: (u8, u8, u8), (x, y): (f32, f32), (width, height): (f32, f32)) {
        let mut path = PathBuilder::new();
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            path.push_rect(rect);
        }
        if let Some(path) = path.finish() {
            self.fill(color);
            self.surface.draw_path(&path);
        }
    }

    fn rule(&mut self, y: f32) {
        self.rectangle(RULE, (MARGIN, y), (RIGHT - MARGIN, 0.75));
    }
}

/// Cuts a text into lines of at most a width.
fn wrap(face: &Face, look: Look, text: &str, width: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer.filter(|longer| face.set(longer).1 * look.size <= width) {
            Some(longer) => {
                lines.pop();
                lines.push(longer);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A number with commas between thousands.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = sign.to_owned();
    for (at, c) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(at);
        if at > 0 && left.checked_rem(3) == Some(0) {
            out.push(',');
        }
        out.push(c);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

pub(super) fn amount(minor: i64, currency: Currency) -> String {
    grouped(&decimal(minor, currency))
}

/// A percentage of parts per million: 190000 is 19 %.
pub(super) fn percent(ppm: i64) -> String {
    let text = Micros(ppm.saturating_mul(100)).to_string();
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

/// A row of the table: its texts in their lines.
struct Row {
    lines: Vec<String>,
    note: String,
    quantity: String,
    unit: String,
    amount: String,
}

impl Row {
    fn height(&self) -> f32 {
        let notes = if self.note.is_empty() { 0 } else { 1 };
        let lines = u8::try_from(self.lines.len().saturating_add(notes)).unwrap_or(u8::MAX);
        f32::from(lines) * 12.0 + 6.0
    }
}

/// What stands below the table: label, amount, and whether it is the one that counts.
fn sums(document: &Document) -> Vec<(String, String, bool)> {
    let currency = document.currency;
    let shown = |minor| format!("{} {currency}", amount(minor, currency));
    let mut rows = vec![("Subtotal".to_owned(), shown(document.subtotal_minor), false)];
    for tax in &document.taxes {
        let name = format!("{} {} %", tax.treatment.name, percent(tax.treatment.ppm));
        rows.push((name, shown(tax.tax_minor), false));
    }
    let is_note = !document.credits.is_empty();
    rows.push((if is_note { "Credited" } else { "Total" }.to_owned(), shown(document.total_minor), true));
    if !is_note {
        if document.prepaid_minor != 0 {
            rows.push(("Paid in advance".to_owned(), shown(document.prepaid_minor), false));
        }
        rows.push(("Amount due".to_owned(), shown(document.due_minor()), true));
    }
    rows
}

/// What has to be said below the sums.
fn notes(document: &Document) -> Vec<String> {
    let mut notes = Vec::new();
    for tax in document.taxes.iter().filter(|tax| !tax.treatment.note.is_empty()) {
        notes.push(format!("{}.", tax.treatment.note));
    }
    if document.taxes.iter().any(|tax| tax.treatment.is_inclusive) && document.credits.is_empty() {
        notes.push("Unit prices contain the tax; amounts are without it.".to_owned());
    }
    if document.rounding_micros != 0 && document.credits.is_empty() {
        let exact = Micros(document.rounding_micros);
        notes.push(format!(
            "Each line is rounded once to the smallest unit of the currency; rounding of this invoice: {exact} {}.",
            document.currency
        ));
    }
    if document.due_minor() > 0 && document.credits.is_empty() && !document.iban.is_empty() {
        let bic = if document.bic.is_empty() { String::new() } else { format!(", BIC {}", document.bic) };
        notes.push(format!(
            "Please pay by {} to {}, IBAN {}{bic}, reference {}.",
            document.due_on, document.seller.name, document.iban, document.number
        ));
    }
    notes
}

/// The bytes of the PDF.
pub(super) fn render(document: &Document) -> Result<Vec<u8>, InvoiceError> {
    let fonts = (Face::new(REGULAR)?, Face::new(SEMI_BOLD)?);
    let rows: Vec<Row> = document
        .lines
        .iter()
        .map(|line| Row {
            lines: wrap(&fonts.0, BODY, &line.text, TEXT_WIDTH),
            note: line.note.clone(),
            quantity: grouped(&line.quantity.to_string()),
            unit: grouped(&Micros(line.unit_micros).to_string()),
            amount: amount(line.net_minor, document.currency),
        })
        .collect();
    let pages = pages(&rows, document);
    let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
    let mut pdf = krilla::Document::new_with(settings);
    let title = if document.credits.is_empty() { "Invoice" } else { "Credit note" };
    let number = if document.number.is_empty() { "draft" } else { &document.number };
    pdf.set_metadata(
        Metadata::new()
            .title(format!("{title} {number}"))
            .authors(vec![document.seller.name.clone()])
            .creator("Plaza".to_owned())
            .language("en".to_owned()),
    );
    let mut rows = rows.iter();
    for (index, (count, has_sums)) in pages.iter().enumerate() {
        let size =
            PageSettings::from_wh(WIDTH, HEIGHT).ok_or(InvoiceError::Document("a page has no size"))?;
        let mut page = pdf.start_page_with(size);
        {
            let mut sheet = Sheet { surface: page.surface(), fonts: &fonts };
            let mut y = if index == 0 { head(&mut sheet, document, title, number) } else { MARGIN + 12.0 };
            if index > 0 {
                sheet.text((MARGIN, y), LABEL, &format!("{title} {number}, continued"));
                y += 20.0;
            }
            y = table_head(&mut sheet, document.currency, y);
            for row in rows.by_ref().take(*count) {
                y = table_row(&mut sheet, row, y);
            }
            if *has_sums {
                below(&mut sheet, document, y + 10.0);
            }
            foot(&mut sheet, document, (index.saturating_add(1), pages.len()));
        }
        page.finish();
    }
    pdf.finish().map_err(|_| InvoiceError::Document("the PDF cannot be written"))
}

const HEAD_HEIGHT: f32 = 292.0;
const TABLE_HEAD_HEIGHT: f32 = 24.0;

/// How many rows each page has, and whether the sums stand on it.
fn pages(rows: &[Row], document: &Document) -> Vec<(usize, bool)> {
    let count = |n: usize| f32::from(u8::try_from(n).unwrap_or(u8::MAX));
    let below = 30.0 + count(sums(document).len()) * 18.0 + count(notes(document).len()) * 26.0;
    let mut pages = Vec::new();
    let (mut y, mut on_page) = (HEAD_HEIGHT + TABLE_HEAD_HEIGHT, 0_usize);
    for row in rows {
        if y + row.height() > BOTTOM && on_page > 0 {
            pages.push((on_page, false));
            (y, on_page) = (MARGIN + 32.0 + TABLE_HEAD_HEIGHT, 0);
        }
        y += row.height();
        on_page = on_page.saturating_add(1);
    }
    if y + below > BOTTOM {
        pages.push((on_page, false));
        on_page = 0;
    }
    pages.push((on_page, true));
    pages
}

fn head(sheet: &mut Sheet<'_, '_>, document: &Document, title: &str, number: &str) -> f32 {
    let seller = &document.seller;
    sheet.rectangle(ACCENT, (0.0, 0.0), (WIDTH, 6.0));
    sheet.text((MARGIN, 66.0), Look { size: 24.0, bold: true, color: INK }, title);
    sheet.text((MARGIN, 84.0), Look { size: 11.0, bold: false, color: GREY }, number);
    sheet.right((RIGHT, 58.0), Look { size: 11.0, bold: true, color: INK }, &seller.name);
    let mut y = 72.0;
    let tax_id = if seller.tax_id.is_empty() { String::new() } else { format!("Tax ID {}", seller.tax_id) };
    let place = format!("{} {}, {}", seller.postal_code, seller.city, seller.country);
    for line in [seller.street.clone(), place, tax_id, seller.email.clone()] {
        if !line.is_empty() {
            sheet.right((RIGHT, y), SMALL, &line);
            y += 11.0;
        }
    }
    let buyer = &document.buyer;
    sheet.text((MARGIN, 142.0), LABEL, "Bill to");
    sheet.text((MARGIN, 157.0), Look { size: 10.0, bold: true, color: INK }, &buyer.name);
    let mut y = 170.0;
    let tax_id = if buyer.tax_id.is_empty() { String::new() } else { format!("Tax ID {}", buyer.tax_id) };
    let place = format!("{} {}, {}", buyer.postal_code, buyer.city, buyer.country);
    for line in [buyer.street.clone(), place, tax_id] {
        if !line.is_empty() {
            sheet.text((MARGIN, y), BODY, &line);
            y += 12.5;
        }
    }
    let mut facts = vec![
        ("Date", document.issued_on.clone()),
        ("Period", format!("{} to {}", document.period_from, document.period_to)),
        ("Account", document.account.clone()),
    ];
    if document.credits.is_empty() {
        facts.insert(1, ("Due", document.due_on.clone()));
    } else {
        facts.push(("Invoice", document.credits.clone()));
    }
    let mut y = 142.0;
    for (label, value) in facts {
        sheet.text((340.0, y), LABEL, label);
        sheet.right((RIGHT, y), BODY, &value);
        y += 15.0;
    }
    sheet.rectangle(TINT, (MARGIN, 222.0), (RIGHT - MARGIN, 46.0));
    sheet.rectangle(ACCENT, (MARGIN, 222.0), (3.0, 46.0));
    let (label, minor) = if !document.credits.is_empty() {
        ("Credited to you".to_owned(), document.total_minor)
    } else if document.due_minor() > 0 {
        (format!("Amount due by {}", document.due_on), document.due_minor())
    } else {
        ("Paid in advance: nothing is due".to_owned(), document.total_minor)
    };
    sheet.text((MARGIN + 16.0, 249.0), Look { size: 10.0, bold: false, color: INK }, &label);
    let text = format!("{} {}", amount(minor, document.currency), document.currency);
    sheet.right((RIGHT - 14.0, 251.0), Look { size: 16.0, bold: true, color: INK }, &text);
    HEAD_HEIGHT
}

fn table_head(sheet: &mut Sheet<'_, '_>, currency: Currency, y: f32) -> f32 {
    sheet.text((MARGIN, y), LABEL, "Description");
    sheet.right((QUANTITY, y), LABEL, "Quantity");
    sheet.right((UNIT, y), LABEL, "Unit price");
    sheet.right((RIGHT, y), LABEL, &format!("Amount, {currency}"));
    sheet.rule(y + 6.0);
    y + TABLE_HEAD_HEIGHT
}

fn table_row(sheet: &mut Sheet<'_, '_>, row: &Row, y: f32) -> f32 {
    sheet.right((QUANTITY, y), BODY, &row.quantity);
    sheet.right((UNIT, y), BODY, &row.unit);
    sheet.right((RIGHT, y), BODY, &row.amount);
    let mut at = y;
    for line in &row.lines {
        sheet.text((MARGIN, at), BODY, line);
        at += 12.0;
    }
    if !row.note.is_empty() {
        sheet.text((MARGIN, at), SMALL, &row.note);
    }
    y + row.height()
}

fn below(sheet: &mut Sheet<'_, '_>, document: &Document, mut y: f32) {
    sheet.rule(y - 14.0);
    for (label, amount, counts) in sums(document) {
        let look = if counts { STRONG } else { BODY };
        sheet.text((340.0, y + 4.0), look, &label);
        sheet.right((RIGHT, y + 4.0), look, &amount);
        y += 18.0;
    }
    y += 12.0;
    if !document.reason.is_empty() {
        sheet.text((MARGIN, y), SMALL, &format!("Reason: {}", document.reason));
        y += 13.0;
    }
    for note in notes(document) {
        for line in wrap(&sheet.fonts.0, SMALL, &note, RIGHT - MARGIN) {
            sheet.text((MARGIN, y), SMALL, &line);
            y += 11.0;
        }
        y += 2.0;
    }
}

fn foot(sheet: &mut Sheet<'_, '_>, document: &Document, (page, pages): (usize, usize)) {
    let seller = &document.seller;
    sheet.rule(HEIGHT - 58.0);
    sheet.text((MARGIN, HEIGHT - 42.0), SMALL, &format!("{}, {}", seller.name, seller.email));
    sheet.right((RIGHT, HEIGHT - 42.0), SMALL, &format!("Page {page} of {pages}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (text, shown) in
            [("1", "1"), ("-1234.50", "-1,234.50"), ("1000000", "1,000,000"), ("123.456789", "123.456789")]
        {
            assert_eq!(grouped(text), shown);
        }
        assert_eq!(
            (percent(190_000).as_str(), percent(0).as_str(), percent(77_500).as_str()),
            ("19", "0", "7.75")
        );
    }
}
