//! What an accountant gets: PDF, XML, and files of every rated line.

use super::*;
use plaza_billing::invoices::{Document, DocumentLine};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The texts of a PDF as `pdftotext` of poppler reads them.
fn read(pdf: &[u8]) -> String {
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pdftotext of poppler-utils is installed by ./x");
    let mut input = child.stdin.take().unwrap();
    let pdf = pdf.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&pdf));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Leaves a document beside the build, to be looked at.
fn keep(name: &str, bytes: &[u8]) {
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), bytes).unwrap();
}

async fn document(world: &World) -> Document {
    world.parties(buyer("DE", "", false)).await;
    world.november(30).await;
    world.item(1, LineKind::Fee, "5000.005").await;
    world.item(2, LineKind::Adjustment, "-1.5").await;
    world.clock.set(at("2026-12-04T01:00:00Z"));
    let (invoice, _) = world.issued(NOVEMBER).await;
    let document = invoice.document().unwrap();
    let pdf = invoices::pdf(&document).unwrap();
    use sha2::Digest as _;
    assert_eq!(invoice.pdf_sha256.unwrap(), sha2::Sha256::digest(&pdf).to_vec());
    document
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn every_line_and_total_of_the_pdf_can_be_read() {
    each_world(async |world| {
        let mut document = document(&world).await;
        let pdf = invoices::pdf(&document).unwrap();
        assert_eq!(pdf, invoices::pdf(&document).unwrap(), "the same document, the same bytes");
        keep("invoice.pdf", &pdf);
        let text = words(&read(&pdf));
        for line in &document.lines {
            assert!(text.contains(&line.text), "{} is missing in {text}", line.text);
        }
        for there in [
            "INV-2026-000001",
            "Plaza Networks GmbH",
            "Tulip & Söhne <Flowers>",
            "Period 2026-11-01 to 2026-11-30",
            "Due 2026-12-18",
            "VAT 19 %",
            "IBAN DE89 3704 0044 0532 0130 00, BIC COBADEFFXXX, reference INV-2026-000001.",
            "Page 1 of 1",
        ] {
            assert!(text.contains(there), "{there} is missing in {text}");
        }
        let shown = |minor: i64| {
            let all = format!("{minor:03}");
            let (whole, cents) = all.split_at(all.len() - 2);
            let whole = if whole.len() > 3 {
                let (thousands, rest) = whole.split_at(whole.len() - 3);
                format!("{thousands},{rest}")
            } else {
                whole.to_owned()
            };
            format!("{whole}.{cents} USD")
        };
        for (label, minor) in [
            ("Subtotal", document.subtotal_minor),
            ("VAT 19 %", document.tax_minor),
            ("Total", document.total_minor),
            ("Paid in advance", document.prepaid_minor),
            ("Amount due", document.due_minor()),
        ] {
            let there = format!("{label} {}", shown(minor));
            assert!(text.contains(&there), "{there} is missing in {text}");
        }
        // Many lines: pages with the heading of the table on each.
        let lines =
            (0..120).map(|n| DocumentLine { text: format!("Line {n} of many"), ..document.lines[0].clone() });
        document.lines = lines.collect();
        let pdf = invoices::pdf(&document).unwrap();
        keep("long.pdf", &pdf);
        let text = read(&pdf);
        let pages: Vec<_> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
        assert!(pages.len() >= 4, "{}", pages.len());
        for (n, page) in pages.iter().enumerate() {
            assert!(words(page).contains(&format!("Page {} of {}", n + 1, pages.len())), "{page}");
            assert!(words(page).contains("Description Quantity Unit price Amount, USD"), "{page}");
        }
        for n in 0..120 {
            assert_eq!(words(&text).matches(&format!("Line {n} of many")).count(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn files_of_rated_lines_add_up_to_the_invoice() {
    each_world(async |world| {
        let document = document(&world).await;
        let id = invoices::invoice_id(TULIP, period(NOVEMBER));
        let (invoice, lines) = world.invoice(id).await;
        let usage: i64 =
            lines.iter().filter(|line| line.kind == LineKind::Usage).map(|line| line.amount.0).sum();
        let rated = world.rated(&invoice).await;
        let (mut csv, mut csv_bytes) = (RatedFile::csv(), Vec::new());
        let (mut parquet, mut parquet_bytes) = (RatedFile::parquet().unwrap(), Vec::new());
        for page in rated.chunks(13) {
            csv_bytes.extend(csv.push(page, document.currency.code()).unwrap());
            parquet_bytes.extend(parquet.push(page, document.currency.code()).unwrap());
        }
        csv_bytes.extend(csv.finish().unwrap());
        parquet_bytes.extend(parquet.finish().unwrap());
        keep("rated.csv", &csv_bytes);
        keep("rated.parquet", &parquet_bytes);
        let text = String::from_utf8(csv_bytes).unwrap();
        let mut rows = text.lines();
        let head: Vec<_> = rows.next().unwrap().split(',').collect();
        assert_eq!((head[0], head[15]), ("charge_id", "amount_micros"));
        let sum: i64 = rows.map(|row| row.rsplit(',').next().unwrap().parse::<i64>().unwrap()).sum();
        assert_eq!((sum, rated.len()), (usage, 90));
        use parquet::file::reader::{FileReader as _, SerializedFileReader};
        use parquet::record::RowAccessor as _;
        let reader = SerializedFileReader::new(bytes::Bytes::from(parquet_bytes)).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 90);
        assert_eq!(rows.iter().map(|row| row.get_long(15).unwrap()).sum::<i64>(), usage);
        assert_eq!(rows[0].get_string(0).unwrap(), &rated[0].charge_id.to_string());
    })
    .await;
}

/// The texts of an XML document by the path of their element; attributes stand behind an `@`.
fn elements(xml: &str) -> Vec<(String, String)> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut path, mut found): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    let mut text = String::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => {
                path.push(String::from_utf8(start.name().as_ref().to_vec()).unwrap());
                text.clear();
                for attribute in start.attributes().map(Result::unwrap) {
                    let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    let value = String::from_utf8(attribute.value.to_vec()).unwrap();
                    found.push((format!("{}@{key}", path.join("/")), value));
                }
            }
            Event::Text(part) => text.push_str(&part.decode().unwrap()),
            Event::GeneralRef(name) => text.push_str(match &*name.decode().unwrap() {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                other => panic!("unknown entity {other}"),
            }),
            Event::End(_) => {
                if !text.is_empty() {
                    found.push((path.join("/"), std::mem::take(&mut text)));
                }
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(path, Vec::<String>::new());
    found
}

struct Ubl(Vec<(String, String)>);

impl Ubl {
    fn all(&self, path: &str) -> Vec<&str> {
        self.0.iter().filter(|(there, _)| there.ends_with(path)).map(|(_, text)| text.as_str()).collect()
    }

    fn one(&self, path: &str) -> &str {
        let all = self.all(path);
        assert_eq!(all.len(), 1, "{path}: {all:?}");
        all[0]
    }

    /// In cents.
    fn amount(&self, path: &str) -> i64 {
        cents(self.one(path))
    }
}

fn cents(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap();
    assert_eq!(fraction.len(), 2, "{text}: BR-DEC");
    format!("{whole}{fraction}").parse().unwrap()
}

/// The rules of EN 16931 that an invoice of ours could break.
fn assert_en_16931(document: &Document) {
    let xml = invoices::xml(document).unwrap();
    let ubl = Ubl(elements(&xml));
    let root = if document.credits.is_empty() { "Invoice" } else { "CreditNote" };
    let line = format!("{root}/cac:{root}Line");
    let totals = format!("{root}/cac:LegalMonetaryTotal");
    assert_eq!(ubl.one("cbc:CustomizationID"), "urn:cen.eu:en16931:2017", "BR-01");
    assert_eq!(ubl.one(&format!("{root}/cbc:ID")), document.number, "BR-02");
    assert_eq!(ubl.one("cbc:IssueDate").len(), 10, "BR-03");
    let code = ubl.one(&format!("cbc:{root}TypeCode"));
    assert_eq!(code, if root == "Invoice" { "380" } else { "381" }, "BR-04");
    assert_eq!(ubl.one("cbc:DocumentCurrencyCode"), document.currency.code(), "BR-05");
    for side in ["Supplier", "Customer"] {
        let party = format!("cac:Accounting{side}Party/cac:Party");
        assert!(
            !ubl.one(&format!("{party}/cac:PartyLegalEntity/cbc:RegistrationName")).is_empty(),
            "BR-06, BR-07"
        );
        let country = format!("{party}/cac:PostalAddress/cac:Country/cbc:IdentificationCode");
        assert_eq!(ubl.one(&country).len(), 2, "BR-09, BR-11");
    }
    // BR-CO-10, -13, -14, -15, -16.
    let lines: Vec<i64> =
        ubl.all(&format!("{line}/cbc:LineExtensionAmount")).into_iter().map(cents).collect();
    assert_eq!(lines.len(), document.lines.len(), "BR-16");
    let sum = ubl.amount(&format!("{totals}/cbc:LineExtensionAmount"));
    assert_eq!(lines.iter().sum::<i64>(), sum, "BR-CO-10");
    let without = ubl.amount("cbc:TaxExclusiveAmount");
    assert_eq!(without, sum, "BR-CO-13");
    let tax = ubl.amount(&format!("{root}/cac:TaxTotal/cbc:TaxAmount"));
    let breakdown: Vec<i64> = ubl.all("cac:TaxSubtotal/cbc:TaxAmount").into_iter().map(cents).collect();
    assert_eq!(breakdown.iter().sum::<i64>(), tax, "BR-CO-14");
    let with = ubl.amount("cbc:TaxInclusiveAmount");
    assert_eq!(with, without + tax, "BR-CO-15");
    let prepaid = ubl.all("cbc:PrepaidAmount").into_iter().map(cents).sum::<i64>();
    assert_eq!(ubl.amount("cbc:PayableAmount"), with - prepaid, "BR-CO-16");
    // The breakdown of the tax.
    assert_eq!(ubl.amount("cac:TaxSubtotal/cbc:TaxableAmount"), sum, "BR-S-08 and its like");
    let category = ubl.one("cac:TaxCategory/cbc:ID");
    for each in ubl.all("cac:ClassifiedTaxCategory/cbc:ID") {
        assert_eq!(each, category, "BR-CO-04, BR-CO-18");
    }
    match category {
        "S" => {
            assert!(
                !ubl.one("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID").is_empty(),
                "BR-S-02"
            );
            if document.credits.is_empty() {
                let percent: i64 = ubl.one("cac:TaxCategory/cbc:Percent").parse().unwrap();
                assert!((sum * percent - tax * 100).abs() <= 50, "BR-CO-17");
            }
        }
        "AE" => {
            assert_eq!((tax, ubl.one("cac:TaxCategory/cbc:Percent")), (0, "0"), "BR-AE-05, -09");
            assert!(
                !ubl.one("cac:AccountingCustomerParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID").is_empty(),
                "BR-AE-02"
            );
            assert_eq!(ubl.one("cbc:TaxExemptionReasonCode"), "VATEX-EU-AE", "BR-AE-10");
        }
        "O" => {
            assert!(
                ubl.all("cbc:Percent").is_empty() && ubl.all("cac:PartyTaxScheme/cbc:CompanyID").is_empty(),
                "BR-O-02, -05"
            );
            assert_eq!((tax, ubl.one("cbc:TaxExemptionReasonCode")), (0, "VATEX-EU-O"), "BR-O-10");
        }
        other => panic!("unexpected category {other}"),
    }
    // Lines: BR-21 to BR-27, and PEPPOL-EN16931-R120: quantity by price is the net amount.
    let quantity = if root == "Invoice" { "cbc:InvoicedQuantity" } else { "cbc:CreditedQuantity" };
    let quantities = ubl.all(&format!("{line}/{quantity}"));
    let (prices, bases) = (ubl.all("cac:Price/cbc:PriceAmount"), ubl.all("cac:Price/cbc:BaseQuantity"));
    for n in 0..lines.len() {
        let (quantity, base): (i64, i64) = (quantities[n].parse().unwrap(), bases[n].parse().unwrap());
        assert!(cents(prices[n]) >= 0 && base > 0, "BR-27");
        assert_eq!(quantity * cents(prices[n]), lines[n] * base, "R120");
    }
    assert_eq!(ubl.all("cac:Item/cbc:Name").len(), lines.len(), "BR-25");
    for currency in ubl.all("@currencyID") {
        assert_eq!(currency, document.currency.code());
    }
}

#[tokio::test]
async fn the_electronic_invoice_keeps_the_rules_of_en_16931() {
    each_world(async |world| {
        let document = document(&world).await;
        assert_en_16931(&document);
        let xml = invoices::xml(&document).unwrap();
        keep("invoice.xml", xml.as_bytes());
        assert!(xml.contains("Tulip &amp; Söhne &lt;Flowers&gt;"), "{xml}");
        let id = invoices::invoice_id(TULIP, period(NOVEMBER));
        let note = world.credit(id, "part", Some(12_345)).await.unwrap();
        let credited = invoices::credit_note_document(&document, &note).unwrap();
        assert_en_16931(&credited);
        let pdf = invoices::pdf(&credited).unwrap();
        keep("credit-note.pdf", &pdf);
        let text = words(&read(&pdf));
        for there in ["CN-2026-000001", "Invoice INV-2026-000001", "123.45 USD", "Reason: Sent by mistake"] {
            assert!(text.contains(there), "{there} is missing in {text}");
        }
        // Reverse charge, and a country without a rate.
        for (country, tax_id) in [("NL", "NL001234567B01"), ("US", "")] {
            let month = if country == "NL" { "2026-12" } else { "2027-01" };
            let set = async move |ctx: &Ctx, tx: &mut Tx| {
                invoices::set_profile(ctx, tx, TULIP, &buyer(country, tax_id, false)).await
            };
            world.write(set).await.unwrap();
            let sent = if country == "NL" { "2026-12-10T10:00:00Z" } else { "2027-01-10T10:00:00Z" };
            world.clock.set(at(sent));
            let intent = world.message(Category::Marketing, "+4915112345678", at(sent));
            world.send_and_deliver(intent, at(sent) + HOUR).await;
            world.clock.set(at(if country == "NL" {
                "2027-01-05T00:00:00Z"
            } else {
                "2027-02-05T00:00:00Z"
            }));
            let (invoice, _) = world.issued(month).await;
            assert_en_16931(&invoice.document().unwrap());
        }
        let letter = invoices::letter(&document);
        assert_eq!(letter.to, "books@tulip.example");
        assert!(
            letter.subject.contains("INV-2026-000001") && letter.body.contains("2026-12-18"),
            "{letter:?}"
        );
        world.assert_sound().await;
    })
    .await;
}
