//! A first mapping file, answered literally: each question with a candidate that stands beside it, and nothing else.

use commerce::order::Order;
use mapping::survey::{Account, Books, Currency, Entry, Sales, Segment, Shop, Survey, TaxRate, Vat};
use mapping::{Mapping, Refusal, first};
use problem::Code;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{decode, decode_memo, every_order, recorded, recorded_documents, small_memo, small_order};

fn entry(key: &str) -> Entry {
    Entry { key: key.to_owned(), name: format!("Name of {key}"), active: true }
}

/// A company with a VAT id for each rate that a Nordic shop may charge.
fn books() -> Books {
    let vat =
        |tenths: i64| Vat { entry: entry(&format!("V{tenths}")), rate: Some(Decimal::new(tenths, 1)), output: true };
    let values = vec![entry("10"), entry("20")];
    let account = |key: &str| Account { entry: entry(key), kind: "Income".into(), ledger: None };
    let currency = |code: &str| Currency { code: code.into(), is_base: code == "NOK", decimals: Some(2) };
    Books {
        accounts: Some(vec![account("3000"), account("3060")]),
        vat: Some([250, 150, 120, 60, 255, 140, 100, 0].map(vat).into()),
        segments: Some(vec![Segment { number: 1, name: "Avdeling".into(), closed: true, values }]),
        currencies: Some(["NOK", "SEK", "DKK", "EUR", "USD", "GBP"].map(currency).into()),
        vat_zones: Some(vec![entry("01"), entry("03")]),
        ..Books::default()
    }
}

/// A shop of which nothing is known but what it sold.
fn survey(sales: Sales) -> Survey {
    Survey { books: books(), shop: Shop { sales: Some(sales), ..Shop::default() } }
}

/// The file with each question replaced by the first candidate beside it, or by the first account.
fn answered(text: &str) -> String {
    let (_, accounts) = text.split_once("# Accounts of Visma that lines may name:").unwrap();
    let account = accounts.split_whitespace().nth(1).unwrap();
    let mut answered = String::new();
    let mut beside = "";
    for line in text.lines() {
        if line.starts_with("[[") {
            beside = line.split_once("# ").map_or("", |(_, candidates)| candidates);
        }
        let question = line.split('"').find(|value| value.starts_with("? ")).filter(|_| !line.starts_with('#'));
        match question {
            Some(question) => {
                let candidates = line.split_once("# ").map_or(beside, |(_, candidates)| candidates);
                let candidates = candidates.split_once(": ").map_or(candidates, |(_, candidates)| candidates);
                let first = candidates.split_once(" = ").map(|(key, _)| key);
                let answer = if line.starts_with("account") {
                    account
                } else {
                    first.unwrap_or_else(|| panic!("{beside}: {line}"))
                };
                answered += &line.replace(&format!("\"{question}\""), &format!("\"{answer}\""));
            }
            None => answered += line,
        }
        answered.push('\n');
    }
    answered
}

/// Returns the refusals of these sales: of the orders, then of the credit memos, each in the order of the sales.
fn refused(mapping: &Mapping, sales: &Sales) -> Vec<Refusal> {
    let orders = sales.orders.iter().filter_map(|order| mapping::order(order, mapping, &every_order()).err());
    let memos = sales.credit_memos.iter().filter_map(|memo| {
        let order = sales.order(memo.order_id).unwrap();
        mapping::credit_memo(memo, order, mapping, &every_order()).err()
    });
    orders.chain(memos).collect()
}

fn answers(sales: &Sales) -> Mapping {
    let text = first(&survey(sales.clone()), "Europe/Oslo");
    let answered = answered(&text);
    let mapping = Mapping::parse(&answered).unwrap_or_else(|e| panic!("{e}\n{answered}"));
    assert_eq!(mapping.questions(), [], "{answered}");
    mapping
}

/// Every recorded order, and every recorded credit memo with its order.
fn everything() -> Sales {
    let orders = recorded().into_iter().map(|(_, text)| Order::decode(text.as_bytes()).unwrap());
    let documents = recorded_documents();
    let memos = documents.iter().flat_map(|one| one.credit_memos.iter().map(decode_memo));
    let others = documents.iter().map(|one| decode(&one.order)).collect();
    Sales { orders: orders.collect(), credit_memos: memos.collect(), others, ..Sales::default() }
}

#[test]
fn a_shop_that_was_seen_is_booked() {
    let sales = everything();
    let mapping = answers(&sales);
    let refused = refused(&mapping, &sales);
    // A refund below zero is nobody's credit note, whatever the file says.
    let foreseen = refused.iter().filter(|refusal| refusal.code != Code::NegativeTotal);
    assert_eq!(foreseen.collect::<Vec<_>>(), Vec::<&Refusal>::new());
}

/// An order and its refund with every kind of line, sold to a country of its own.
fn rare() -> Sales {
    let mut order: Value = serde_json::from_str(&small_order().to_string().replace("NO-MVA-25", "SE-MOMS-25")).unwrap();
    order["order_currency_code"] = json!("SEK");
    order["payment"]["method"] = json!("some_method");
    order["billing_address"]["country_id"] = json!("SE");
    order["items"][1]["product_type"] = json!("giftcard");
    order["items"][1]["tax_percent"] = json!(0);
    order["items"][1]["tax_amount"] = json!(0);
    order["items"][0]["weee_tax_applied_row_amount"] = json!(5);
    order["extension_attributes"]["item_applied_taxes"].as_array_mut().unwrap().remove(1);
    order["extension_attributes"]["gift_cards_amount"] = json!(15);
    order["extension_attributes"]["customer_balance_amount"] = json!(25);
    order["extension_attributes"]["reward_currency_amount"] = json!(5);
    order["extension_attributes"]["gw_price"] = json!(10);
    order["tax_amount"] = json!(60);
    order["grand_total"] = json!(370);
    let mut memo = small_memo();
    memo["adjustment_positive"] = json!(7);
    memo["adjustment_negative"] = json!(3);
    memo["tax_amount"] = json!(60);
    memo["items"][1]["tax_amount"] = json!(0);
    memo["grand_total"] = json!(404);
    Sales { orders: vec![decode(&order)], credit_memos: vec![decode_memo(&memo)], ..Sales::default() }
}

#[test]
fn every_kind_of_line_is_asked_about_once_it_was_seen() {
    let sales = rare();
    let text = first(&survey(sales.clone()), "Europe/Oslo");
    for question in [
        "gift cards sold",
        "gift_card",
        "store_credit",
        "reward",
        "gift_wrap",
        "fpt",
        "adjustment_refund",
        "adjustment_fee",
        "SE 25",
        "zone SE",
    ] {
        let asks = |line: &str| !line.starts_with('#') && line.contains(&format!("\"? {question}\""));
        assert!(text.lines().any(asks), "{question} is not asked\n{text}");
    }
    assert!(text.contains("[currency.SEK]") && text.contains("methods = [\"some_method\"]"), "{text}");
    assert!(text.contains("# account = \"? fee\""), "what was not seen is a comment: {text}");
    assert_eq!(refused(&answers(&sales), &sales), []);
}

#[test]
fn what_came_later_is_new_and_what_stands_there_is_not() {
    let ordinary = Sales { orders: vec![decode(&small_order())], ..Sales::default() };
    let old = answers(&ordinary);
    assert_eq!(mapping::additions(&survey(ordinary), &old), "");
    let text = mapping::additions(&survey(rare()), &old);
    for new in [
        "[currency.SEK]",
        "# To the list payment.methods: \"some_method\"",
        "account = \"? gift_card\"",
        "account = \"? adjustment_fee\"",
        "[vat_codes.SE]\n25 = \"? SE 25\"",
    ] {
        assert!(text.contains(new), "{new} is not in:\n{text}");
    }
    assert!(!text.contains("? rounding") && !text.contains("? NO 25") && !text.contains("? outside"), "{text}");
}

#[test]
fn a_rate_that_nobody_can_name_is_told_and_not_asked() {
    let mut order = small_order();
    order["items"][1]["tax_percent"] = json!(15.07);
    order["items"][1]["tax_amount"] = json!(15.07);
    order["extension_attributes"]["item_applied_taxes"][1]["applied_taxes"][0] =
        json!({ "code": "NO-ODD", "percent": 15.07, "amount": 15.07 });
    order["tax_amount"] = json!(75.07);
    order["grand_total"] = json!(415.07);
    let sales = Sales { orders: vec![decode(&order)], ..Sales::default() };
    let text = first(&survey(sales), "Europe/Oslo");
    assert!(text.contains("#   NO: 15.07 %") && !text.contains("? NO 15.07"), "{text}");
    // The shop charges it on purpose.
    let mut survey = survey(Sales { orders: vec![decode(&order)], ..Sales::default() });
    let rate = Decimal::new(1507, 2);
    survey.shop.tax_rates = Some(vec![TaxRate { code: "X".into(), country: "NO".into(), rate, used: true }]);
    assert!(first(&survey, "Europe/Oslo").contains("\n\"15.07\" = \"? NO 15.07\""), "quoted, since it has a point");
}
