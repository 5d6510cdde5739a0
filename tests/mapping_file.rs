//! A first mapping file, answered by an accountant, held against both systems, and an order that is booked with it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bad_input::order::order;
use crate::house::{House, Wishes, assert_agrees};

const PATIENCE: Duration = Duration::from_secs(60);

/// Answers of an accountant of the sandbox's company.
const ANSWERS: [(&str, &str); 15] = [
    ("? rounding", "7740"),
    ("? shipping", "3060"),
    ("? sales", "3000"),
    ("? zone of all others", "03"),
    ("? NO 25", "3"),
    ("? NO 15", "31"),
    ("? NO 12", "33"),
    ("? SE 25", "SE25"),
    ("? SE 12", "SE12"),
    ("? SE 6", "SE06"),
    ("? DK 25", "DK25"),
    ("? FI 25.5", "FI255"),
    ("? FI 14", "FI14"),
    ("? FI 10", "FI10"),
    ("? untaxed", "52"),
];
const MORE: [(&str, &str); 4] =
    [("? outside", "6"), ("? segment 1", "10"), ("? segment 2", "100"), ("? zone NO", "01")];

fn answered(text: &str) -> String {
    ANSWERS.iter().chain(&MORE).fold(text.to_owned(), |text, (question, answer)| {
        assert!(text.contains(&format!("= \"{question}\"")), "{question} is not asked\n{text}");
        text.replace(&format!("\"{question}\""), &format!("\"{answer}\""))
    })
}

/// The file with each question replaced by the first candidate beside it, or by the first account of income.
fn answered_literally(text: &str) -> String {
    let (_, accounts) = text.split_once("# Accounts of Visma that lines may name:").unwrap();
    let account = accounts.lines().find(|line| line.contains(" Income ")).unwrap().split_whitespace().nth(1).unwrap();
    let (mut beside, mut answered) = ("", String::new());
    for line in text.lines() {
        if line.starts_with("[[") {
            beside = line.split_once("# ").map_or("", |(_, candidates)| candidates);
        }
        let question = line.split('"').find(|value| value.starts_with("? ")).filter(|_| !line.starts_with('#'));
        let Some(question) = question else {
            answered += &format!("{line}\n");
            continue;
        };
        let candidates = line.split_once("# ").map_or(beside, |(_, candidates)| candidates);
        let candidates = candidates.split_once(": ").map_or(candidates, |(_, candidates)| candidates);
        let first = candidates.split_once(" = ").map(|(key, _)| key);
        let answer = if line.starts_with("account") { Some(account) } else { first };
        let answer = answer.unwrap_or_else(|| panic!("no candidate: {beside} {line}"));
        answered += &format!("{}\n", line.replace(&format!("\"{question}\""), &format!("\"{answer}\"")));
    }
    answered
}

fn findings(said: &str) -> Vec<Value> {
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_first_file_with_its_answers_fits_and_books_an_order() {
    let mut house = House::prepare(Wishes::default()).await;
    house.store(&order(11)).await;
    let file = house.installation.folder().join("mapping.toml");
    let place = file.to_str().unwrap();
    let (code, _, talk) = house.verb(&["mapping", "init", "--out", place], &[]).await;
    assert!(code == Some(78) && talk.contains("MAPPING_UNWRITABLE"), "it is there already: {code:?} {talk}");
    std::fs::remove_file(&file).unwrap();
    let (code, said, talk) = house.verb(&["mapping", "init", "--out", place], &[]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""), "{talk}");
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(first.contains("methods = [\"checkmo\"]") && first.contains("base_currency = \"NOK\""), "{first}");
    assert!(first.contains("code = \"se\""), "{first}");

    // Questions are not answered by themselves.
    for arguments in [&["mapping", "check", "--json"][..], &["mapping", "check", "--json", "--offline"]] {
        let (code, said, talk) = house.verb(arguments, &[]).await;
        let open = findings(&said);
        assert_eq!((code, open.len()), (Some(1), ANSWERS.len() + MORE.len()), "{said}{talk}");
        assert!(open.iter().all(|finding| finding["code"] == "MAPPING_UNANSWERED"), "{said}");
    }
    // Nor does anything decide by them.
    let (code, _, talk) = house.verb(&["run", "mapper"], &[]).await;
    assert!(code == Some(78) && talk.contains("MAPPING_UNANSWERED"), "{code:?} {talk}");
    for (question, _) in ANSWERS.iter().chain(&MORE) {
        assert!(talk.contains(&format!("`{question}`")), "{question} is not named: {talk}");
    }
    std::fs::write(&file, answered(&first)).unwrap();
    let (code, said, talk) = house.verb(&["mapping", "check"], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    assert!(said.contains("nothing wrong, it fits both systems"), "{said}");

    house.installation.start_services().unwrap();
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_agrees(&ledger);
    assert_eq!(house.dead_letters().await, vec![]);
}

#[tokio::test]
async fn a_shop_of_every_kind_is_booked_with_the_answers_that_stand_beside_the_questions() {
    let mut house = House::prepare(Wishes::default()).await;
    house.place(100, 20).await;
    let file = house.installation.folder().join("mapping.toml");
    std::fs::remove_file(&file).unwrap();
    let (code, _, talk) = house.verb(&["mapping", "init", "--out", file.to_str().unwrap()], &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    let first = std::fs::read_to_string(&file).unwrap();
    let kinds = ["gift_card", "store_credit", "reward", "gift_wrap", "fpt", "gift cards sold"];
    let asked = kinds.iter().filter(|kind| first.contains(&format!("\naccount = \"? {kind}\""))).count();
    assert!(asked >= 2, "the shop has more than items and shipping: {first}");
    assert!(["SEK", "EUR"].iter().all(|code| first.contains(&format!("\n[currency.{code}]"))), "{first}");
    std::fs::write(&file, answered_literally(&first)).unwrap();
    let (code, said, talk) = house.verb(&["mapping", "check"], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    house.installation.start_services().unwrap();
    let ledger = house.until_booked(100, PATIENCE).await;
    assert_agrees(&ledger);
    assert_eq!(house.dead_letters().await, vec![]);
}

#[tokio::test]
async fn a_shop_that_sold_nothing_has_a_first_file_too() {
    let house = House::prepare(Wishes::default()).await;
    let (code, said, talk) = house.verb(&["mapping", "init"], &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    assert!(said.contains("The shop's latest 0 orders") && said.contains("methods = [\"?\"]"), "{said}");
    assert!(said.contains("? NO 25") && !said.contains("? US"), "the rates that a tax rule uses: {said}");
    assert!(said.contains("8.375 %, which no tax rule uses"), "{said}");
}

#[tokio::test]
async fn a_file_that_no_longer_fits_is_told_why() {
    let house = House::prepare(Wishes::default()).await;
    let (code, said, talk) = house.verb(&["mapping", "check"], &[]).await;
    assert_eq!(code, Some(0), "the default file fits the sandbox: {said}{talk}");
    // An account is closed, a segment comes into being, and payment methods may not be read.
    let chart = house.installation.ask("visma/config").await.unwrap()["chart"].clone();
    let mut accounts = chart["accounts"].as_array().unwrap().clone();
    accounts.iter_mut().find(|account| account["number"] == "3060").unwrap()["active"] = json!(false);
    let mut segments = chart["segments"].as_array().unwrap().clone();
    let value = json!({ "id": "0", "description": "Ingen", "active": true });
    segments.push(json!({ "id": 3, "description": "Prosjekt", "length": 1, "validate": true, "values": [value] }));
    let patch = json!({ "chart": { "accounts": accounts, "segments": segments }, "forbidden": ["paymentmethod"] });
    house.installation.tell("visma/config", &patch).await.unwrap();
    let (code, said, talk) = house.verb(&["mapping", "check", "--json"], &[]).await;
    let said = findings(&said);
    let told = |code: &str, list: &str, what: &str| {
        let fits = |one: &&Value| one["code"] == code && one["list"] == list;
        said.iter().filter(fits).any(|one| one["sentence"].as_str().unwrap().contains(what))
    };
    assert_eq!((code, said.len()), (Some(1), 2), "{said:#?}{talk}");
    assert!(told("MAPPING_DIFFERS", "account", "`3060` (Fraktinntekt) is not active"), "{said:#?}");
    assert!(told("MAPPING_DIFFERS", "dimension", "segment 3 (Prosjekt)"), "{said:#?}");
    assert!(talk.contains("Visma's payment methods could not be read; the file does not use them"), "{talk}");
    let file = house.installation.folder().join("mapping.toml");
    let line = mapping::DEFAULT.lines().position(|line| line == "account = \"3060\"").unwrap();
    let closed = said.iter().find(|one| one["list"] == "account").unwrap();
    let at = closed["line"].as_u64().unwrap() as usize;
    assert!((line - 1..=line + 1).contains(&at) && closed["file"] == file.to_str().unwrap(), "{closed}");
    assert_eq!(closed["path"], "account[11]");

    // Where payments are booked, their methods matter; and a fault of the file does not hide what differs.
    let payments = "[[payments]]\nmethod = \"10\"\ncash_account = \"1572\"\n";
    let text = format!("{}\n{payments}", mapping::DEFAULT.replace("hold = true ", "hold = 1 "));
    std::fs::write(&file, text).unwrap();
    let (code, said, talk) = house.verb(&["mapping", "check"], &[]).await;
    assert_eq!(code, Some(1), "{said}{talk}");
    for told in [
        "MAPPING_INVALID: `invoice.hold`: `true` or `false` is expected",
        "MAPPING_DIFFERS: the 11th [[account]] rule: the account `3060` (Fraktinntekt) is not active",
        "MAPPING_NOT_COMPARED: survey: Visma's payment methods could not be read",
    ] {
        assert!(said.contains(told), "{told} is not in:\n{said}{talk}");
    }
}
