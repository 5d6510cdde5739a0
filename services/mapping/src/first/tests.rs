use rust_decimal::Decimal;

use super::*;
use crate::scope::Scope;
use crate::survey::{Account, Currency, Entry, Group, Segment, ShopStore, TaxRate, Vat};

fn entry(key: &str, name: &str) -> Entry {
    Entry { key: key.to_owned(), name: name.to_owned(), active: true }
}

fn survey() -> Survey {
    let account = |key: &str| Account { entry: entry(key, "Salg \"A\"\nog B"), kind: "Income".into(), ledger: None };
    let vat = |key: &str, tenths| Vat { entry: entry(key, key), rate: Some(Decimal::new(tenths, 1)), output: true };
    let gone = Vat { entry: Entry { active: false, ..entry("OLD", "old") }, ..vat("OLD", 250) };
    let books = Books {
        accounts: Some(["3000", "3060", "7740"].map(account).into()),
        vat: Some(vec![vat("3", 250), vat("SE25", 250), gone, vat("FI255", 255), vat("6", 0)]),
        segments: Some(vec![
            Segment {
                number: 1,
                name: "Avdeling".into(),
                closed: true,
                values: vec![entry("00", "a"), entry("10", "b")],
            },
            Segment { number: 2, name: "Kanal".into(), closed: true, values: vec![entry("000", "only")] },
        ]),
        currencies: Some(vec![
            Currency { code: "NOK".into(), is_base: true, decimals: Some(2) },
            Currency { code: "JPY".into(), is_base: false, decimals: Some(0) },
        ]),
        branches: Some(vec![entry("1", "Main")]),
        vat_zones: Some(vec![entry("01", "Innenlands"), entry("03", "Utland")]),
        ..Books::default()
    };
    let store = |id, currency: &str| ShopStore {
        id,
        code: format!("s{id}"),
        website: 1,
        currency: Some(currency.to_owned()),
        time_zone: Some("Europe/Stockholm".to_owned()),
    };
    let rate = |country: &str, tenths| TaxRate {
        code: format!("{country}-{tenths}"),
        country: country.to_owned(),
        rate: Decimal::new(tenths, 1),
        used: country != "US",
    };
    let shop = Shop {
        stores: Some(vec![store(1, "NOK"), store(2, "JPY"), store(3, "CHF")]),
        tax_rates: Some(vec![rate("NO", 250), rate("FI", 255), rate("NO", 250), rate("DE", 0), rate("US", 80)]),
        groups: Some(vec![Group { id: 0, name: "NOT LOGGED IN".into() }]),
        sales: None,
    };
    Survey { books, shop }
}

const ANSWERS: [(&str, &str); 12] = [
    ("?", "checkmo"),
    ("? rounding", "7740"),
    ("? shipping", "3060"),
    ("? sales", "3000"),
    ("? NO 25", "3"),
    ("? FI 25.5", "FI255"),
    ("? untaxed", "6"),
    ("? outside", "6"),
    ("? segment 1", "10"),
    ("? zone NO", "01"),
    ("? zone FI", "03"),
    ("? zone of all others", "03"),
];

/// The questions of a file, as they stand in it.
fn questions(text: &str) -> Vec<String> {
    let mapping = Mapping::parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    mapping.questions().into_iter().map(|finding| finding.sentence).collect()
}

#[test]
fn facts_are_stated_and_the_rest_is_asked() {
    let text = first(&survey(), "UTC");
    let asked = questions(&text).join("\n");
    let all = ANSWERS.map(|(question, _)| question);
    for question in all {
        assert!(asked.contains(&format!("`{question}`")), "{question} is not asked:\n{asked}");
    }
    assert_eq!(questions(&text).len(), all.len(), "{asked}");
    assert!(text.contains("US-80") && text.contains("8 %, which no tax rule uses") && !text.contains("? US"), "{text}");
    assert!(text.contains("\npin_vat = \"try\" "), "until a document has shown whether Visma keeps VAT that is set");
    assert!(text.contains("base_currency = \"NOK\"") && text.contains("\"Europe/Stockholm\""), "{text}");
    assert!(text.contains("[currency.JPY]\ndecimals = 0\n") && text.contains("# [currency.CHF]"), "{text}");
    assert!(text.contains("value = \"000\""), "the only value of a segment");
    assert!(
        text.contains("\n25 = \"? NO 25\"    # 3 = 3, SE25 = SE25\n"),
        "VAT ids of the same rate stand beside the question, old ones do not: {text}"
    );
    assert!(text.contains("Income     Salg \"A\" og B"), "a name stays on its line");
}

#[test]
fn what_was_not_read_is_no_fault_of_the_file() {
    let text = first(&Survey::default(), "Europe/Oslo");
    assert!(!questions(&text).is_empty());
    assert!(text.contains("methods = [\"?\"]") && text.contains("Accounts could not be read"), "{text}");
}

#[test]
fn with_its_answers_it_fits_what_it_was_made_of() {
    let text = ANSWERS.iter().fold(first(&survey(), "UTC"), |text, (question, answer)| {
        text.replace(&format!("\"{question}\""), &format!("\"{answer}\""))
    });
    let mapping = Mapping::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(mapping.questions(), []);
    let said: Vec<String> =
        mapping.held_against(&survey(), &Scope::default()).into_iter().map(|finding| finding.sentence).collect();
    // A store sells in a currency that the company does not have: that is for a person.
    assert_eq!(said, ["store 3 sells in CHF, which [currency] does not list: its orders are refused"]);
}

#[test]
fn what_verified_documents_showed_decides_about_pins() {
    let text = |keeps: Option<bool>| {
        let mut survey = survey();
        survey.books.keeps_pins = keeps;
        first(&survey, "UTC")
    };
    assert!(text(Some(true)).contains("\npin_vat = true "), "Visma keeps them");
    assert!(text(Some(false)).contains("\npin_vat = false "), "it does not");
    assert!(text(None).contains("\npin_vat = \"try\" "), "nobody knows");
}
