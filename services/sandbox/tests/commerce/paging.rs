//! Ties, moving rows and late commits: what a poll must live with.

use std::collections::BTreeSet;
use std::time::Duration;

use sandbox::commerce::{Config, LateCommit};

use crate::client::{Served, serve};

/// Ids of the page with this number, sorted by one column.
async fn page(shop: &Served, field: &str, number: usize, size: usize) -> Vec<String> {
    shop.orders(&[
        ("[sortOrders][0][field]", field),
        ("[sortOrders][0][direction]", "ASC"),
        ("[pageSize]", &size.to_string()),
        ("[currentPage]", &number.to_string()),
    ])
    .await
    .items("entity_id")
}

#[tokio::test]
async fn rows_that_tie_come_out_differently_from_page_to_page() {
    let shop = serve(Config::default(), 60).await;
    let mut seen = Vec::new();
    for number in 1..=6 {
        let once = page(&shop, "state", number, 10).await;
        assert_eq!(once, page(&shop, "state", number, 10).await, "the same page asked twice is the same");
        seen.extend(once);
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(seen.len(), 60);
    assert!(distinct.len() < 60, "a scan by a tied column must lose some");
    let mut by_id = BTreeSet::new();
    for number in 1..=6 {
        by_id.extend(page(&shop, "entity_id", number, 10).await);
    }
    assert_eq!(by_id.len(), 60);
}

/// The keyset scan: the rest of the last second by id, then later seconds.
async fn next_rows(shop: &Served, time: &str, id: &str) -> Vec<(String, String)> {
    let rest = shop
        .orders(&[
            ("[filterGroups][0][filters][0][field]", "updated_at"),
            ("[filterGroups][0][filters][0][value]", time),
            ("[filterGroups][1][filters][0][field]", "entity_id"),
            ("[filterGroups][1][filters][0][conditionType]", "gt"),
            ("[filterGroups][1][filters][0][value]", id),
            ("[sortOrders][0][field]", "entity_id"),
            ("[sortOrders][0][direction]", "ASC"),
            ("[pageSize]", "5"),
        ])
        .await;
    let found = if rest.items("entity_id").is_empty() {
        shop.orders(&[
            ("[filterGroups][0][filters][0][field]", "updated_at"),
            ("[filterGroups][0][filters][0][conditionType]", "gt"),
            ("[filterGroups][0][filters][0][value]", time),
            ("[sortOrders][0][field]", "updated_at"),
            ("[sortOrders][0][direction]", "ASC"),
            ("[sortOrders][1][field]", "entity_id"),
            ("[sortOrders][1][direction]", "ASC"),
            ("[pageSize]", "5"),
        ])
        .await
    } else {
        rest
    };
    found.items("updated_at").into_iter().zip(found.items("entity_id")).collect()
}

#[tokio::test]
async fn a_keyset_scan_loses_nothing_while_orders_are_touched() {
    let shop = serve(Config::default(), 40).await;
    let (mut time, mut id) = ("2000-01-01 00:00:00".to_owned(), "0".to_owned());
    let mut seen = BTreeSet::new();
    for round in 0.. {
        if round < 12 {
            let touched = shop.control(&format!("orders/{}/touch", 3 * round + 1), "").await;
            assert_eq!(touched.status, 200);
        }
        let rows = next_rows(&shop, &time, &id).await;
        let Some((last_time, last_id)) = rows.last().cloned() else { break };
        seen.extend(rows.into_iter().map(|(_, id)| id));
        (time, id) = (last_time, last_id);
    }
    assert_eq!(seen.len(), 40);
}

#[tokio::test]
async fn a_late_commit_shows_up_behind_the_cursor() {
    let late_commit = LateCommit { percent: 100, max_ms: 3_000 };
    let shop = serve(Config { late_commit, ..Config::default() }, 0).await;
    assert_eq!(shop.control("orders", "{\"count\":3}").await.status, 200);
    assert_eq!(shop.orders(&[("", "all")]).await.items("entity_id"), [""; 0], "written, and not yet committed");
    shop.get("orders/1")
        .await
        .is(404, "{\"message\":\"The entity that was requested doesn't exist. Verify the entity and try again.\"}");
    let placed_by = jiff::Timestamp::now();
    tokio::time::sleep(Duration::from_millis(3_300)).await;
    let times = shop.orders(&[("", "all")]).await.items("updated_at");
    assert_eq!(times.len(), 3);
    let placed_by = placed_by.strftime("%Y-%m-%d %H:%M:%S").to_string();
    assert!(times.iter().all(|time| *time <= placed_by), "{times:?} were taken at {placed_by} at the latest");
}

#[tokio::test]
async fn a_late_update_keeps_what_was_committed_meanwhile() {
    let late_commit = LateCommit { percent: 100, max_ms: 800 };
    let shop = serve(Config { late_commit, ..Config::default() }, 1).await;
    let before = shop.get("orders/1").await;
    shop.control("orders/1/state", "{\"state\":\"processing\"}").await;
    assert_eq!(shop.get("orders/1").await.text, before.text);
    assert_eq!(shop.post("orders/1/comments", "{\"statusHistory\":{\"comment\":\"x\"}}").await.text, "true");
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    let after = shop.get("orders/1").await.json;
    assert_eq!(after["state"], "processing");
    assert_eq!(after["status_histories"][0]["comment"], "x");
}
