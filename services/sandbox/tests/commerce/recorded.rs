//! A corpus of recorded documents, served to the letter.

use std::fs;
use std::path::{Path, PathBuf};

use sandbox::commerce::{Config, Shop};
use sandbox::corpus::Corpus;

use crate::client::serve_recorded;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus")
}

#[tokio::test]
async fn documents_are_served_to_the_letter() {
    let shop = serve_recorded().await;
    let orders = fs::read_to_string(folder().join("orders.jsonl")).unwrap();
    assert!(orders.contains("e-15") || orders.contains("e-14"), "the fixtures must hold an exponent");
    let list = shop.orders(&[("", "all")]).await;
    assert_eq!(list.items("entity_id").len(), orders.lines().count());
    for line in orders.lines() {
        let id = serde_json::from_str::<serde_json::Value>(line).unwrap()["entity_id"].clone();
        shop.get(&format!("orders/{id}")).await.is(200, line);
        assert!(list.text.contains(line));
    }
    for (file, path) in [("invoices.jsonl", "invoices"), ("creditmemos.jsonl", "creditmemo")] {
        for line in fs::read_to_string(folder().join(file)).unwrap().lines() {
            let id = serde_json::from_str::<serde_json::Value>(line).unwrap()["entity_id"].clone();
            shop.get(&format!("{path}/{id}")).await.is(200, line);
        }
    }
    let views = fs::read_to_string(folder().join("store_views.json")).unwrap();
    shop.get("store/storeViews").await.is(200, &views);
}

#[tokio::test]
async fn new_orders_stay_clear_of_recorded_ones() {
    let shop = serve_recorded().await;
    let before = shop.shop.ledger();
    shop.control("orders", "{\"count\":3}").await;
    let after = shop.shop.ledger();
    assert_eq!(after.len(), before.len() + 3);
    assert!(after.iter().skip(before.len()).all(|order| order.entity_id > before.last().unwrap().entity_id));
    let mut numbers: Vec<&str> = after.iter().map(|order| order.increment_id.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), after.len());
}

#[tokio::test]
async fn a_touched_document_keeps_all_other_letters() {
    let shop = serve_recorded().await;
    let id = shop.shop.ledger()[0].entity_id;
    let before = shop.get(&format!("orders/{id}")).await;
    shop.control(&format!("orders/{id}/touch"), "").await;
    let after = shop.get(&format!("orders/{id}")).await;
    let (old, new) = (before.json["updated_at"].as_str().unwrap(), after.json["updated_at"].as_str().unwrap());
    assert_ne!(old, new);
    let same_length = before.text.len() == after.text.len();
    assert!(same_length && before.text.split(old).collect::<String>() != after.text.split(new).collect::<String>());
    let differing = before.text.bytes().zip(after.text.bytes()).filter(|(a, b)| a != b).count();
    assert!(differing <= new.len(), "{differing} bytes differ");
}

#[test]
fn what_cannot_be_loaded_is_named_with_file_and_line() {
    let folder = std::env::temp_dir().join(format!("sandbox-corpus-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let error = |orders: &str| {
        fs::write(folder.join("orders.jsonl"), orders).unwrap();
        Corpus::load(&folder).unwrap_err().to_string()
    };
    assert!(error("{\"entity_id\":1}\n{\"entity_id\":").contains("orders.jsonl line 2: not a JSON document"));
    assert!(error("{\"entity_id\":\"one\"}").contains("orders.jsonl line 1: no whole number in \"entity_id\""));
    assert!(
        error("{\"entity_id\":1}\n\n{\"entity_id\":1}").contains("orders.jsonl line 3: a second document with id 1")
    );
    fs::remove_dir_all(&folder).unwrap();
    assert!(Shop::open(Config::default(), 1, 0, Some(&folder)).is_err(), "no orders.jsonl");
}
