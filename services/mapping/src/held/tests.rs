use rust_decimal::Decimal;

use super::*;
use crate::survey::{Account, Books, Currency, Entry, Group, Sales, Segment, Shop, ShopStore, TaxRate, Vat};

fn entry(key: &str) -> Entry {
    Entry { key: key.to_owned(), name: format!("name of {key}"), active: true }
}

fn entries(keys: &[&str]) -> Option<Vec<Entry>> {
    Some(keys.iter().map(|key| entry(key)).collect())
}

fn account(key: &str) -> Account {
    Account { entry: entry(key), kind: "Income".to_owned(), ledger: None }
}

fn vat(key: &str, tenths: i64) -> Vat {
    Vat { entry: entry(key), rate: Some(Decimal::new(tenths, 1)), output: true }
}

fn rate(country: &str, percent: i64) -> TaxRate {
    TaxRate {
        code: format!("{country}-{percent}"),
        country: country.to_owned(),
        rate: Decimal::from(percent),
        used: true,
    }
}

/// An order that says how it is paid, and nothing else.
fn paid_by(method: &str) -> commerce::order::Order {
    let order = serde_json::json!({
        "entity_id": 1, "increment_id": "000000001", "order_currency_code": "NOK", "grand_total": 0,
        "base_grand_total": 0, "payment": { "method": method },
    });
    commerce::order::Order::from_value(&order).expect("an order")
}

/// A company and a shop that the default file fits.
fn survey() -> Survey {
    let accounts = [
        "2910", "2915", "2920", "3990", "3950", "3900", "3050", "7740", "3060", "3000", "3010", "3020", "3100", "3110",
        "3030",
    ];
    let vats = [
        ("6", 0),
        ("3", 250),
        ("31", 150),
        ("33", 120),
        ("5", 0),
        ("SE25", 250),
        ("SE12", 120),
        ("SE06", 60),
        ("DK25", 250),
        ("FI255", 255),
        ("FI14", 140),
        ("FI10", 100),
        ("52", 0),
    ];
    let segment = |number, values: &[&str]| Segment {
        number,
        name: format!("segment {number}"),
        closed: true,
        values: entries(values).unwrap_or_default(),
    };
    let currency = |code: &str| Currency { code: code.to_owned(), is_base: code == "NOK", decimals: Some(2) };
    let books = Books {
        accounts: Some(accounts.map(account).into()),
        vat: Some(vats.map(|(key, tenths)| vat(key, tenths)).into()),
        segments: Some(vec![segment(1, &["00", "10"]), segment(2, &["000"])]),
        currencies: Some(["NOK", "SEK", "DKK", "EUR", "USD", "GBP"].map(currency).into()),
        ..Books::default()
    };
    let store = ShopStore {
        id: 1,
        code: "no".to_owned(),
        website: 1,
        currency: Some("NOK".to_owned()),
        time_zone: Some("Europe/Oslo".to_owned()),
    };
    let shop = Shop {
        stores: Some(vec![store]),
        tax_rates: Some(vec![rate("NO", 25), rate("NO", 15), rate("SE", 6), rate("DE", 0)]),
        groups: Some(vec![Group { id: 0, name: "guests".to_owned() }]),
        sales: Some(Sales { orders: vec![paid_by("checkmo"), paid_by("klarna_kp")], ..Sales::default() }),
    };
    Survey { books, shop }
}

fn held(text: &str, survey: &Survey) -> Vec<String> {
    let mapping = Mapping::parse(text).expect("a mapping");
    let findings = mapping.held_against(survey, &Scope::default());
    findings.into_iter().map(|finding| format!("{}: {}", finding.list, finding.sentence)).collect()
}

/// Returns the findings when one thing of the survey is changed.
fn changed(change: impl FnOnce(&mut Survey)) -> Vec<String> {
    let mut survey = survey();
    change(&mut survey);
    held(crate::DEFAULT, &survey)
}

#[test]
fn nothing_is_said_of_what_fits_or_is_not_known() {
    assert_eq!(held(crate::DEFAULT, &survey()), Vec::<String>::new());
    assert_eq!(held(crate::DEFAULT, &Survey::default()), Vec::<String>::new());
}

/// Returns the findings about a file with this `pin_vat`; `keeps` is what verified documents show.
fn told_of_pins(pin_vat: &str, keeps: Option<bool>) -> String {
    let mut survey = survey();
    survey.books.keeps_pins = keeps;
    held(&crate::DEFAULT.replace("\npin_vat = true\n", &format!("\npin_vat = {pin_vat}\n")), &survey).join("\n")
}

#[test]
fn a_trial_of_pins_ends_with_what_verified_documents_show() {
    for (pin_vat, keeps, write) in [
        ("true", Some(false), "pin_vat = false"),
        ("\"try\"", Some(false), "pin_vat = false"),
        ("\"try\"", Some(true), "pin_vat = true"),
    ] {
        let told = told_of_pins(pin_vat, keeps);
        assert!(told.starts_with("totals: verified documents") && told.ends_with(write), "{pin_vat}: {told}");
    }
    for (pin_vat, keeps) in [("true", Some(true)), ("false", Some(true)), ("false", Some(false)), ("\"try\"", None)] {
        assert_eq!(told_of_pins(pin_vat, keeps), "", "{pin_vat}");
    }
}

#[test]
fn what_visma_does_not_hold_is_named() {
    let accounts = |survey: &mut Survey| {
        let accounts = survey.books.accounts.as_mut().expect("accounts");
        accounts.retain(|account| account.entry.key != "3060");
        accounts[0].entry.active = false;
        accounts[1].ledger = Some("AR".to_owned());
    };
    let said = changed(accounts).join("\n");
    assert!(said.contains("account: Visma has no account `3060`"), "{said}");
    assert!(said.contains("the account `2910` (name of 2910) is not active"), "{said}");
    assert!(said.contains("only the ledger AR posts on the account `2915`"), "{said}");
    let vats = |survey: &mut Survey| {
        let vats = survey.books.vat.as_mut().expect("VAT ids");
        vats.retain(|vat| vat.entry.key != "31");
        for vat in vats {
            match vat.entry.key.as_str() {
                "3" => vat.rate = Some(Decimal::from(26)),
                "33" => vat.output = false,
                "FI14" => vat.entry.active = false,
                _ => {}
            }
        }
    };
    let said = changed(vats).join("\n");
    assert!(said.contains("vat: Visma has no VAT id `31`"), "{said}");
    assert!(said.contains("`3` computes 26 % in Visma, and the file says 25 %"), "{said}");
    assert!(said.contains("the VAT id `33` (name of 33) is of purchases"), "{said}");
    assert!(said.contains("the VAT id `FI14` (name of FI14) is not active"), "{said}");
}

#[test]
fn all_segments_or_none() {
    let more = |survey: &mut Survey| {
        let segments = survey.books.segments.as_mut().expect("segments");
        segments[0].values.retain(|value| value.key != "00");
        let third = Segment { number: 3, name: "Prosjekt".to_owned(), closed: true, values: Vec::new() };
        segments.push(third);
    };
    let said = changed(more);
    assert_eq!(
        said,
        [
            "dimension: segment 3 (Prosjekt) of the subaccount has no rule, and Visma takes all segments or none",
            "dimension: Visma has no value of segment 1 (segment 1) `00`",
        ]
    );
    let open = changed(|survey| {
        let segment = &mut survey.books.segments.as_mut().expect("segments")[0];
        (segment.closed, segment.values) = (false, Vec::new());
    });
    assert_eq!(open, Vec::<String>::new(), "a segment that takes any value");
}

#[test]
fn what_the_shop_sells_and_the_file_does_not_know_is_named() {
    let said = changed(|survey| {
        let shop = &mut survey.shop;
        shop.tax_rates.as_mut().expect("rates").extend([rate("NO", 11), rate("DE", 19)]);
        shop.sales.as_mut().expect("sales").orders.push(paid_by("bitcoin"));
        shop.stores.as_mut().expect("stores")[0].currency = Some("CHF".to_owned());
    });
    assert_eq!(
        said,
        [
            "currency: store 1 sells in CHF, which [currency] does not list: its orders are refused",
            "vat: no VAT id is named for 11 % in NO (the shop's `NO-11`), for lines of kind item: put it into [vat_codes.NO]",
            "vat: no VAT id is named for 19 % in DE (the shop's `DE-19`), for lines of kind item: put it into [vat_codes.DE]",
            "payment: 1 of the latest orders are paid by `bitcoin`, which payment.methods does not list: they are refused",
        ]
    );
}

#[test]
fn stores_are_compared_once_one_is_listed_or_websites_are_in_scope() {
    let listed = format!("{}\n[[store]]\nid = 7\ncode = \"fi\"\nwebsite = 1\n", crate::DEFAULT);
    let said = held(&listed, &survey());
    assert_eq!(
        said,
        ["store: store 1 (`no`) has no [[store]]: its orders are refused", "store: the shop has no store 7 (`fi`)"]
    );
    let moved = format!("{}\n[[store]]\nid = 1\ncode = \"no\"\nwebsite = 4\n", crate::DEFAULT);
    assert_eq!(held(&moved, &survey()), ["store: store 1 belongs to website 1, and the file says 4"]);
    let mapping = Mapping::parse(crate::DEFAULT).expect("a mapping");
    let of = |websites: &[u64]| {
        let scope = Scope { websites: websites.to_vec(), ..Scope::default() };
        mapping.held_against(&survey(), &scope).len()
    };
    assert_eq!((of(&[1]), of(&[2])), (1, 0), "stores out of scope do not matter");
}

#[test]
fn a_group_that_rules_ask_for_must_be_there() {
    let asked =
        format!("{}\n[[customer_class]]\nwhen = {{ customer_group = [0, 9] }}\nclass = \"WEB\"\n", crate::DEFAULT);
    assert_eq!(held(&asked, &survey()), ["when: a rule asks for the customer group 9, which the shop does not have"]);
}

#[test]
fn questions_are_asked_once_and_not_held_against_anything() {
    let open = crate::DEFAULT.replace("account = \"3060\"", "account = \"? shipping\"");
    let mapping = Mapping::parse(&open).expect("a mapping");
    let questions = mapping.questions();
    assert_eq!(questions.len(), 1);
    assert!(questions[0].list == "account" && questions[0].sentence.contains("`? shipping`"), "{questions:?}");
    assert_eq!(held(&open, &survey()), Vec::<String>::new());
    assert_eq!(Mapping::parse(crate::DEFAULT).expect("a mapping").questions(), []);
}
