//! A company of which nobody knows yet whether it keeps VAT that is set on documents: the first one that tells is
//! enough, and then the accountant is told what to write.

use std::time::Duration;

use serde_json::json;

use super::seen::{quick, until_outcome};
use super::verified::{mapping, off_by_a_cent};
use crate::bad_input::order::spoilt;
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

/// A house that tries, after an order whose VAT is what Visma computes: that one tells nothing.
async fn trying(wishes: Wishes) -> House {
    let file = mapping(&[("pin_vat = true", "pin_vat = \"try\"")]);
    let house = House::start(Wishes { mapping: file, ..wishes }).await;
    house.store(&spoilt(8, &[])).await;
    let outcome = until_outcome(&house, "outcome.main.visma.invoice.8", "verified").await;
    assert!(!outcome.booked.unwrap().pinned, "nothing would be learned from it");
    let (code, said, talk) = house.verb(&["mapping", "check"], &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    house
}

/// `mapping check` says on which line to write this, and a first file has it.
async fn answered(house: &House, pin_vat: &str) {
    let (code, said, talk) = house.verb(&["mapping", "check"], &[]).await;
    let line = mapping::DEFAULT.lines().position(|line| line.starts_with("pin_vat")).unwrap() + 1;
    let place = format!("mapping.toml:{line}: MAPPING_DIFFERS");
    assert!(code == Some(1) && said.contains(&place) && said.contains(&format!("write {pin_vat}\n")), "{said}{talk}");
    let (code, said, talk) = house.verb(&["mapping", "init"], &[]).await;
    assert!(code == Some(0) && said.contains(&format!("\n{pin_vat} ")), "{said}{talk}");
    assert!(house.logs().contains(&format!("{pin_vat} is right")) || pin_vat == "pin_vat = false", "{}", house.logs());
}

#[tokio::test]
async fn a_company_that_keeps_vat_is_known_by_the_first_document_that_tells() {
    let house = trying(quick()).await;
    let (_, list, _) = house.verb(&["drift"], &[]).await;
    assert!(list.contains("no document shows yet whether Visma keeps VAT"), "{list}");
    house.store(&off_by_a_cent()).await;
    let outcome = until_outcome(&house, "outcome.main.visma.invoice.7", "verified").await;
    assert!(outcome.booked.unwrap().pinned);
    answered(&house, "pin_vat = true").await;
    let (code, list, _) = house.verb(&["drift"], &[]).await;
    assert!(code == Some(0) && list.contains("Visma keeps VAT that is pinned"), "{list}");
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn a_company_that_computes_its_own_is_known_by_one_document_off_by_a_hundredth() {
    let ignored = json!({ "tax_detail_lines": "ignored" }).to_string();
    let house = trying(quick().sandbox("--visma-config", &ignored)).await;
    house.store(&off_by_a_cent()).await;
    let sentence = house.until_dead("PINS_NOT_KEPT", PATIENCE).await;
    assert!(sentence.contains("250.01") && sentence.contains("250.00"), "{sentence}");
    answered(&house, "pin_vat = false").await;
    assert!(house.logs().contains("Visma does not keep VAT that is pinned"), "{}", house.logs());
}
