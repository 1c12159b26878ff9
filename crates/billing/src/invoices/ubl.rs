//! The invoice as EN 16931 wants it, in the syntax of UBL 2.1. Comments name the standard's business terms.
//!
//! Prices are given for a line's whole quantity (BT-149): quantity, price and net amount of a line agree to the minor
//! unit, also where a price has more digits than the currency.

use super::document::{DocumentTax, Party};
use super::{Document, InvoiceError, decimal};
use std::fmt::Write as _;

/// Writes elements.
struct Xml(String);

impl Xml {
    fn open(&mut self, name: &str) -> &mut Self {
        let _ = write!(self.0, "<{name}>");
        self
    }

    fn close(&mut self, name: &str) -> &mut Self {
        let _ = write!(self.0, "</{name}>");
        self
    }

    fn leaf(&mut self, name: &str, text: &str) -> &mut Self {
        self.with(name, "", text)
    }

    /// An element with attributes that need no escapes.
    fn with(&mut self, name: &str, attributes: &str, text: &str) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        let space = if attributes.is_empty() { "" } else { " " };
        let _ = write!(self.0, "<{name}{space}{attributes}>");
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                // XML 1.0 has no place for them.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => self.0.push(' '),
                c => self.0.push(c),
            }
        }
        let _ = write!(self.0, "</{name}>");
        self
    }
}

/// The XML of a final invoice or credit note.
pub(super) fn render(document: &Document) -> Result<String, InvoiceError> {
    if document.number.is_empty() {
        return Err(InvoiceError::NotFinal);
    }
    let is_note = !document.credits.is_empty();
    let root = if is_note { "CreditNote" } else { "Invoice" };
    let currency = format!("currencyID=\"{}\"", document.currency);
    let amount = |minor| decimal(minor, document.currency);
    let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    let _ = write!(
        xml.0,
        "<{root} xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:{root}-2\" \
         xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
         xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">"
    );
    xml.leaf("cbc:CustomizationID", "urn:cen.eu:en16931:2017") // BT-24
        .leaf("cbc:ID", &document.number) // BT-1
        .leaf("cbc:IssueDate", &document.issued_on); // BT-2
    if is_note {
        xml.leaf("cbc:CreditNoteTypeCode", "381"); // BT-3
    } else {
        xml.leaf("cbc:DueDate", &document.due_on) // BT-9
            .leaf("cbc:InvoiceTypeCode", "380"); // BT-3
    }
    let notes: Vec<&str> = [document.reason.as_str()].into_iter().filter(|note| !note.is_empty()).collect();
    xml.leaf("cbc:Note", &notes.join(" ")) // BT-22
        .leaf("cbc:DocumentCurrencyCode", document.currency.code()) // BT-5
        .leaf("cbc:BuyerReference", &document.account); // BT-10
    xml.open("cac:InvoicePeriod")
        .leaf("cbc:StartDate", &document.period_from) // BT-73
        .leaf("cbc:EndDate", &document.period_to) // BT-74
        .close("cac:InvoicePeriod");
    if is_note {
        xml.open("cac:BillingReference")
            .open("cac:InvoiceDocumentReference")
            .leaf("cbc:ID", &document.credits) // BT-25
            .close("cac:InvoiceDocumentReference")
            .close("cac:BillingReference");
    }
    // Outside the scope of the tax nobody's tax id may be named.
    let is_outside = document.taxes.iter().any(|tax| tax.treatment.category == "O");
    xml.open("cac:AccountingSupplierParty");
    party(&mut xml, &document.seller, is_outside);
    xml.close("cac:AccountingSupplierParty").open("cac:AccountingCustomerParty");
    party(&mut xml, &document.buyer, is_outside);
    xml.close("cac:AccountingCustomerParty");
    if !document.iban.is_empty() && !is_note {
        xml.open("cac:PaymentMeans")
            .leaf("cbc:PaymentMeansCode", "30") // BT-81
            .leaf("cbc:PaymentID", &document.number) // BT-83
            .open("cac:PayeeFinancialAccount")
            .leaf("cbc:ID", &document.iban.replace(' ', "")); // BT-84
        if !document.bic.is_empty() {
            xml.open("cac:FinancialInstitutionBranch")
                .leaf("cbc:ID", &document.bic) // BT-86
                .close("cac:FinancialInstitutionBranch");
        }
        xml.close("cac:PayeeFinancialAccount").close("cac:PaymentMeans");
    }
    xml.open("cac:TaxTotal").with("cbc:TaxAmount", &currency, &amount(document.tax_minor)); // BT-110
    for tax in &document.taxes {
        xml.open("cac:TaxSubtotal")
            .with("cbc:TaxableAmount", &currency, &amount(tax.base_minor)) // BT-116
            .with("cbc:TaxAmount", &currency, &amount(tax.tax_minor)); // BT-117
        category(&mut xml, "cac:TaxCategory", tax, true);
        xml.close("cac:TaxSubtotal");
    }
    xml.close("cac:TaxTotal").open("cac:LegalMonetaryTotal");
    let due = if is_note {
        document.total_minor
    } else {
        document.total_minor.saturating_sub(document.prepaid_minor)
    };
    xml.with("cbc:LineExtensionAmount", &currency, &amount(document.subtotal_minor)) // BT-106
        .with("cbc:TaxExclusiveAmount", &currency, &amount(document.subtotal_minor)) // BT-109
        .with("cbc:TaxInclusiveAmount", &currency, &amount(document.total_minor)); // BT-112
    if !is_note && document.prepaid_minor != 0 {
        xml.with("cbc:PrepaidAmount", &currency, &amount(document.prepaid_minor)); // BT-113
    }
    xml.with("cbc:PayableAmount", &currency, &amount(due)) // BT-115
        .close("cac:LegalMonetaryTotal");
    for (line, position) in document.lines.iter().zip(1_i64..) {
        let (element, quantity_name) = if is_note {
            ("cac:CreditNoteLine", "cbc:CreditedQuantity")
        } else {
            ("cac:InvoiceLine", "cbc:InvoicedQuantity")
        };
        // A price is never negative: of a correction the quantity is.
        let quantity = if line.net_minor < 0 { line.quantity.saturating_neg() } else { line.quantity };
        let price = amount(line.net_minor.saturating_abs());
        xml.open(element)
            .leaf("cbc:ID", &position.to_string()) // BT-126
            .leaf("cbc:Note", &line.note) // BT-127
            .with(quantity_name, "unitCode=\"C62\"", &quantity.to_string()) // BT-129, BT-130
            .with("cbc:LineExtensionAmount", &currency, &amount(line.net_minor)) // BT-131
            .open("cac:Item")
            .leaf("cbc:Name", &line.text); // BT-153
        if let Some(tax) = document.taxes.first() {
            category(&mut xml, "cac:ClassifiedTaxCategory", tax, false);
        }
        xml.close("cac:Item")
            .open("cac:Price")
            .with("cbc:PriceAmount", &currency, &price) // BT-146
            .with("cbc:BaseQuantity", "unitCode=\"C62\"", &line.quantity.saturating_abs().max(1).to_string()) // BT-149
            .close("cac:Price")
            .close(element);
    }
    xml.close(root);
    Ok(xml.0)
}

fn party(xml: &mut Xml, party: &Party, is_outside: bool) {
    xml.open("cac:Party")
        .with("cbc:EndpointID", "schemeID=\"EM\"", &party.email) // BT-34, BT-49
        .open("cac:PostalAddress")
        .leaf("cbc:StreetName", &party.street) // BT-35, BT-50
        .leaf("cbc:CityName", &party.city) // BT-37, BT-52
        .leaf("cbc:PostalZone", &party.postal_code) // BT-38, BT-53
        .open("cac:Country")
        .leaf("cbc:IdentificationCode", &party.country) // BT-40, BT-55
        .close("cac:Country")
        .close("cac:PostalAddress");
    if !party.tax_id.is_empty() && !is_outside {
        xml.open("cac:PartyTaxScheme")
            .leaf("cbc:CompanyID", &party.tax_id) // BT-31, BT-48
            .open("cac:TaxScheme")
            .leaf("cbc:ID", "VAT")
            .close("cac:TaxScheme")
            .close("cac:PartyTaxScheme");
    }
    xml.open("cac:PartyLegalEntity").leaf("cbc:RegistrationName", &party.name); // BT-27, BT-44
    if is_outside {
        xml.leaf("cbc:CompanyID", &party.tax_id); // BT-30, BT-47
    }
    xml.close("cac:PartyLegalEntity").close("cac:Party");
}

fn category(xml: &mut Xml, element: &str, tax: &DocumentTax, is_breakdown: bool) {
    let treatment = &tax.treatment;
    xml.open(element).leaf("cbc:ID", &treatment.category); // BT-118, BT-151
    if treatment.category != "O" {
        xml.leaf("cbc:Percent", &super::pdf::percent(treatment.ppm)); // BT-119, BT-152
    }
    let code = match &*treatment.category {
        "AE" => "VATEX-EU-AE",
        "O" => "VATEX-EU-O",
        _ => "",
    };
    if is_breakdown && !code.is_empty() {
        xml.leaf("cbc:TaxExemptionReasonCode", code) // BT-121
            .leaf("cbc:TaxExemptionReason", &treatment.note); // BT-120
    }
    xml.open("cac:TaxScheme").leaf("cbc:ID", "VAT").close("cac:TaxScheme").close(element);
}
