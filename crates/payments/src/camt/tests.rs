//! Statements in the shape of ISO 20022, as banks write them, and such as no bank writes.

use super::*;

fn statement(version: &str, entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}\"><BkToCstmrStmt>\
         <GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-03T06:00:00Z</CreDtTm></GrpHdr>\
         <Stmt><Id>2026-211</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>\
         <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">5.00</Amt></Bal>{entries}</Stmt>\
         </BkToCstmrStmt></Document>"
    )
}

fn entry(amount: &str, kind: &str, rest: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{kind}</CdtDbtInd><Sts>BOOK</Sts>\
         <BookgDt><Dt>2026-11-02</Dt></BookgDt>{rest}</Ntry>"
    )
}

fn read(entries: &str) -> Result<Vec<Booking>, StatementError> {
    read_camt(&statement("02", entries))
}

const TRANSACTION: &str = "<AcctSvcrRef>2026110200017</AcctSvcrRef><NtryDtls><TxDtls>\
    <Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>\
    <RltdPties><Dbtr><Nm>Tulip &amp; S&#246;hne</Nm></Dbtr></RltdPties>\
    <RmtInf><Ustrd>Rechnung</Ustrd><Ustrd>INV-2026-000001</Ustrd></RmtInf></TxDtls></NtryDtls>";

#[test]
fn an_entry_becomes_a_booking() {
    let found = read(&entry("100.00", "CRDT", TRANSACTION)).unwrap();
    let booking = Booking {
        key: "camt DE02120300000000202051/2026110200017".to_owned(),
        booked_at: Timestamp::from_seconds(1_793_577_600),
        amount: Micros(100_000_000),
        currency: Currency::EUR,
        payer: "Tulip & Söhne".to_owned(),
        remittance: "Rechnung INV-2026-000001".to_owned(),
    };
    assert_eq!(found, [booking]);
}

#[test]
fn later_versions_say_status_and_payer_in_another_place() {
    let entries = "<Ntry><NtryRef>7</NtryRef><Amt Ccy=\"USD\">12.5</Amt><CdtDbtInd>CRDT</CdtDbtInd>\
        <Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-11-02T00:00:00+01:00</DtTm></BookgDt><NtryDtls><TxDtls>\
        <RltdPties><Dbtr><Pty><Nm>Ana</Nm></Pty></Dbtr></RltdPties>\
        <RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>";
    for version in ["04", "08", "10"] {
        let found = read_camt(&statement(version, entries)).unwrap();
        assert_eq!(found.len(), 1, "{version}");
        assert_eq!((found[0].payer.as_str(), found[0].remittance.as_str()), ("Ana", "RF18539007547034"));
        assert_eq!((found[0].amount, found[0].currency), (Micros(12_500_000), Currency::USD));
        assert_eq!(found[0].key, "camt DE02120300000000202051/2026-211/7");
        assert_eq!(found[0].booked_at, Timestamp::from_seconds(1_793_574_000));
    }
}

#[test]
fn what_left_or_is_only_announced_is_skipped() {
    let announced = entry("9.00", "CRDT", "").replace("BOOK", "PDNG");
    let all = format!("{}{announced}{}", entry("7.00", "DBIT", ""), entry("8.00", "CRDT", ""));
    let found = read(&all).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].amount, found[0].key.as_str()),
        (Micros(8_000_000), "camt DE02120300000000202051/2026-211/3")
    );
}

#[test]
fn a_batch_is_taken_apart_where_its_parts_are_the_whole() {
    let part = |amount: &str, words: &str| {
        format!(
            "<TxDtls><AmtDtls><TxAmt><Amt Ccy=\"EUR\">{amount}</Amt></TxAmt></AmtDtls>\
             <RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>"
        )
    };
    let batch = |one: &str, two: &str| {
        let rest = format!(
            "<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>{}{}</NtryDtls>",
            part(one, "first"),
            part(two, "second")
        );
        read(&entry("100.00", "CRDT", &rest)).unwrap()
    };
    let found = batch("60.00", "40.00");
    let seen: Vec<_> =
        found.iter().map(|one| (one.amount.0, one.remittance.as_str(), one.key.as_str())).collect();
    assert_eq!(
        seen,
        [
            (60_000_000, "first", "camt DE02120300000000202051/B1/1"),
            (40_000_000, "second", "camt DE02120300000000202051/B1/2"),
        ]
    );
    let whole = batch("60.00", "39.00");
    assert_eq!(
        (whole.len(), whole[0].amount.0, whole[0].remittance.as_str()),
        (1, 100_000_000, "first second")
    );
}

#[test]
fn entries_that_the_bank_calls_the_same_are_two() {
    let one = entry("1.00", "CRDT", "<AcctSvcrRef>NONREF</AcctSvcrRef><NtryRef>A</NtryRef>");
    let keys: Vec<String> = read(&one.repeat(2)).unwrap().into_iter().map(|booking| booking.key).collect();
    assert_eq!(keys, ["camt DE02120300000000202051/2026-211/A", "camt DE02120300000000202051/2026-211/A#2"]);
}

#[test]
fn an_entry_that_is_wrong_is_named() {
    for (entries, column) in [
        (entry("100,00", "CRDT", ""), "Amt"),
        (entry("-1", "CRDT", ""), "Amt"),
        (entry("99999999999999", "CRDT", ""), "Amt"),
        (entry("1", "CRDT", "").replace("EUR", "XXX"), "Ccy"),
        (entry("1", "CRDT", "").replace("2026-11-02", "02.11.2026"), "BookgDt"),
    ] {
        let error = read(&format!("{}{entries}", entry("1", "CRDT", ""))).unwrap_err();
        assert!(matches!(error, StatementError::Row { row: 2, column: c, .. } if c == column), "{error}");
    }
}

#[test]
fn hostile_and_foreign_documents_are_refused() {
    let plain = statement("02", &entry("1", "CRDT", ""));
    let laughs = plain
        .replace("<Document", "<!DOCTYPE Document [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><Document");
    let outside =
        plain.replace("<Document", "<!DOCTYPE D [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Document");
    let entity = statement("02", &entry("1", "CRDT", "<AddtlNtryInf>&x;</AddtlNtryInf>"));
    let deep = statement("02", &format!("{}{}", "<a>".repeat(40), "</a>".repeat(40)));
    let cut_off = plain.strip_suffix("</Document>").unwrap().to_owned();
    let crossed = plain.replace("</Stmt></BkToCstmrStmt>", "</BkToCstmrStmt></Stmt>");
    let report = plain.replace("BkToCstmrStmt", "BkToCstmrAcctRpt");
    let other = plain.replace("camt.053", "camt.052");
    for document in
        [&laughs, &outside, &entity, &deep, &cut_off, &crossed, &report, &other, "", "<a/>", "hello"]
    {
        let error = read_camt(document).unwrap_err();
        assert!(matches!(error, StatementError::Xml(_)), "{error}");
    }
    let large = format!("{plain}{}", " ".repeat(STATEMENT_BYTES_MAX));
    assert_eq!(read_camt(&large).unwrap_err(), StatementError::TooLarge);
    let many = entry("1", "CRDT", "").repeat(STATEMENT_ROWS_MAX + 1);
    assert_eq!(read(&many).unwrap_err(), StatementError::TooLong);
}
