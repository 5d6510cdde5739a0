//! A first mapping file, answered by an accountant, held against both systems, and an order that is booked with it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bad_input::order::order;
use crate::house::{House, Wishes, assert_agrees};

const PATIENCE: Duration = Duration::from_secs(60);

/// What an accountant of the sandbox's company answers.
const ANSWERS: [(&str, &str); 14] = [
    ("? rounding", "7740"),
    ("? shipping", "3060"),
    ("? sales", "3000"),
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
const MORE: [(&str, &str); 3] = [("? outside", "6"), ("? segment 1", "10"), ("? segment 2", "100")];

fn answered(text: &str) -> String {
    ANSWERS.iter().chain(&MORE).fold(text.to_owned(), |text, (question, answer)| {
        assert!(text.contains(&format!("= \"{question}\"")), "{question} is not asked\n{text}");
        text.replace(&format!("\"{question}\""), &format!("\"{answer}\""))
    })
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
    assert_eq!((code, said.len()), (Some(1), 3), "{said:#?}{talk}");
    assert!(told("MAPPING_DIFFERS", "account", "`3060` (Fraktinntekt) is not active"), "{said:#?}");
    assert!(told("MAPPING_DIFFERS", "dimension", "segment 3 (Prosjekt)"), "{said:#?}");
    assert!(told("MAPPING_NOT_COMPARED", "survey", "Visma's payment methods"), "{said:#?}");
}
