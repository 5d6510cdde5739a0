use std::collections::BTreeSet;

use super::{Keyset, Pager, PagerError};
use crate::encoding::decode;
use crate::page::{Page, Row};
use crate::search::{PageSize, Search};
use crate::time::Moment;

fn second(second: u64) -> Moment {
    Moment::parse(&format!("2026-01-31 {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60))
        .expect("a time")
}

fn at(time: u64, entity_id: u64) -> Keyset {
    Keyset { updated_at: second(time), entity_id }
}

fn size(rows: u32) -> PageSize {
    PageSize::new(rows).expect("a size")
}

fn page(rows: &[Keyset]) -> Page {
    let row = |key: &Keyset| Row {
        entity_id: key.entity_id,
        updated_at: key.updated_at,
        order_id: None,
        account: None,
        store: None,
        text: String::new(),
    };
    Page { items: rows.iter().map(row).collect(), total_count: 0 }
}

/// The filters of a search, as `field condition value`.
fn filters(search: &Search) -> Vec<String> {
    let query = search.query().expect("a query");
    let text = |part: &str| String::from_utf8(decode(part).expect("escapes")).expect("UTF-8");
    let pairs: Vec<(String, String)> =
        query.split('&').map(|pair| pair.split_once('=').expect("a pair")).map(|(n, v)| (text(n), text(v))).collect();
    let of = |end: &str| -> Vec<String> {
        pairs.iter().filter(|(n, _)| n.contains("filters") && n.ends_with(end)).map(|(_, v)| v.clone()).collect()
    };
    let parts = of("[field]").into_iter().zip(of("[conditionType]")).zip(of("[value]"));
    parts.map(|((field, condition), value)| format!("{field} {condition} {value}")).collect()
}

/// Answers a search as a server does over its table: filtered, sorted and cut as it was asked.
fn answer(table: &BTreeSet<Keyset>, search: &Search, rows: u32) -> Page {
    let meets = |key: &Keyset, filter: &String| {
        let (field, rest) = filter.split_once(' ').expect("a field");
        let (condition, value) = rest.split_once(' ').expect("a condition");
        let side = match field {
            "updated_at" => key.updated_at.to_string().as_str().cmp(value),
            _ => key.entity_id.cmp(&value.parse().expect("an id")),
        };
        match condition {
            "eq" => side.is_eq(),
            "gt" => side.is_gt(),
            _ => side.is_ge(),
        }
    };
    let filters = filters(search);
    let found = table.iter().filter(|key| filters.iter().all(|filter| meets(key, filter)));
    page(&found.take(rows as usize).copied().collect::<Vec<_>>())
}

fn next(pager: &Pager) -> Search {
    pager.next_search().expect("within the grammar").expect("not over")
}

#[test]
fn goes_by_ties_then_by_what_is_later() {
    let mut pager = Pager::new(at(10, 7), second(1000), size(2));
    assert_eq!(filters(&next(&pager)), ["updated_at eq 2026-01-31 00:00:10", "entity_id gt 7"]);
    pager.take(&page(&[at(10, 8), at(10, 9)])).expect("a full page");
    assert_eq!(filters(&next(&pager)), ["updated_at eq 2026-01-31 00:00:10", "entity_id gt 9"]);
    pager.take(&page(&[])).expect("a short page");
    assert_eq!(filters(&next(&pager)), ["updated_at gt 2026-01-31 00:00:10"]);
    pager.take(&page(&[at(11, 3), at(12, 1)])).expect("a full page");
    assert_eq!(pager.cursor(), at(12, 1));
    assert_eq!(filters(&next(&pager)), ["updated_at eq 2026-01-31 00:00:12", "entity_id gt 1"]);
    pager.take(&page(&[at(12, 2)])).expect("a short page");
    pager.take(&page(&[])).expect("nothing later");
    assert!(pager.is_over());
    assert_eq!(pager.next_search(), Ok(None));
    assert_eq!(pager.take(&page(&[])), Err(PagerError::Over));
}

#[test]
fn every_search_is_sorted_to_the_last_tie() {
    let mut pager = Pager::new(at(10, 7), second(1000), size(2)).within("store_id", &[3, 4]);
    let ties = next(&pager).query().expect("a query");
    assert!(ties.contains("sortOrders%5D%5B0%5D%5Bfield%5D=entity_id&"), "{ties}");
    assert_eq!(filters(&next(&pager)).last().map(String::as_str), Some("store_id in 3,4"));
    pager.take(&page(&[])).expect("no ties");
    let later = next(&pager).query().expect("a query");
    assert!(later.contains("sortOrders%5D%5B0%5D%5Bfield%5D=updated_at&"), "{later}");
    assert!(later.contains("sortOrders%5D%5B1%5D%5Bfield%5D=entity_id&"), "{later}");
    assert!(later.contains("currentPage%5D=1"), "{later}");
}

#[test]
fn an_idle_poll_is_one_request_and_moves_to_the_limit() {
    let mut pager = Pager::new(at(500, 7).rewound(100), second(900), size(100));
    assert_eq!(filters(&next(&pager)), ["updated_at gteq 2026-01-31 00:06:40"]);
    pager.take(&page(&[at(500, 7)])).expect("the overlap");
    assert!(pager.is_over());
    assert_eq!(pager.cursor(), at(900, 0));
}

#[test]
fn the_cursor_stops_at_the_limit_and_never_goes_back() {
    let mut pager = Pager::new(at(100, 1), second(200), size(2));
    pager.take(&page(&[])).expect("no ties");
    pager.take(&page(&[at(199, 5), at(201, 2)])).expect("a page");
    assert_eq!(pager.cursor(), at(199, 5));
    pager.take(&page(&[])).expect("no ties");
    pager.take(&page(&[at(300, 1)])).expect("the rest");
    assert_eq!(pager.cursor(), at(200, 0));
    // A server whose clock went back, or a longer lag than before.
    let mut pager = Pager::new(at(100, 1), second(50), size(2));
    pager.take(&page(&[])).expect("no ties");
    pager.take(&page(&[])).expect("nothing later");
    assert_eq!(pager.cursor(), at(100, 1));
}

#[test]
fn a_scan_under_writes_loses_nothing_and_ends() {
    // 60 orders in 20 seconds; between any two pages two orders are touched, until 40 were.
    let mut table: BTreeSet<Keyset> = (0..60).map(|id| at(id / 3, id + 1)).collect();
    let mut pager = Pager::new(Keyset::before(second(0)), second(10_000), size(5));
    let (mut seen, mut touched, mut requests) = (BTreeSet::new(), 0, 0);
    while let Some(search) = pager.next_search().expect("within the grammar") {
        let found = answer(&table, &search, 5);
        seen.extend(found.items.iter().map(|row| row.entity_id));
        pager.take(&found).expect("a page");
        requests += 1;
        assert!(requests < 200, "the scan does not end");
        while touched < 40 && touched < requests * 2 {
            let id = (touched * 7) % 60 + 1;
            let old = *table.iter().find(|key| key.entity_id == id).expect("a row");
            table.remove(&old);
            table.insert(at(100 + touched / 4, id));
            touched += 1;
        }
    }
    assert_eq!(seen.len(), 60);
    assert_eq!(pager.cursor(), at(10_000, 0));
}

#[test]
fn refuses_a_page_that_could_hide_orders() {
    let later = || {
        let mut pager = Pager::new(at(10, 7), second(1000), size(3));
        pager.take(&page(&[])).expect("no ties");
        pager
    };
    for (rows, wanted) in [
        (vec![at(11, 2), at(11, 1)], PagerError::Unsorted { entity_id: 1, updated_at: second(11) }),
        (vec![at(12, 2), at(11, 9)], PagerError::Unsorted { entity_id: 9, updated_at: second(11) }),
        (vec![at(11, 2), at(11, 2)], PagerError::Unsorted { entity_id: 2, updated_at: second(11) }),
        (vec![at(10, 8)], PagerError::Outside { entity_id: 8, updated_at: second(10) }),
        (vec![at(9, 8)], PagerError::Outside { entity_id: 8, updated_at: second(9) }),
        (vec![at(11, 1), at(11, 2), at(11, 3), at(11, 4)], PagerError::TooLong { asked: 3, got: 4 }),
    ] {
        let mut pager = later();
        assert_eq!(pager.take(&page(&rows)), Err(wanted));
        assert_eq!(pager.cursor(), at(10, 7));
        assert_eq!(next(&pager), next(&later()));
    }
    let mut ties = Pager::new(at(10, 7), second(1000), size(3));
    assert_eq!(ties.take(&page(&[at(10, 7)])), Err(PagerError::Outside { entity_id: 7, updated_at: second(10) }));
    assert_eq!(ties.take(&page(&[at(11, 9)])), Err(PagerError::Outside { entity_id: 9, updated_at: second(11) }));
}

#[test]
fn rewinds_to_the_beginning_of_a_second() {
    assert_eq!(at(700, 9).rewound(600), at(100, 0));
    assert_eq!(at(700, 9).rewound(0), at(700, 9));
}

#[test]
fn a_cursor_is_stored_as_people_read_it() {
    let text = r#"{"updated_at":"2026-01-31 00:11:40","entity_id":9}"#;
    assert_eq!(serde_json::to_string(&at(700, 9)).expect("JSON"), text);
    assert_eq!(serde_json::from_str::<Keyset>(text).expect("a cursor"), at(700, 9));
    assert!(serde_json::from_str::<Keyset>(r#"{"updated_at":"700","entity_id":9}"#).is_err());
}

#[test]
fn a_page_may_shrink_and_leave_out_what_cannot_be_shown() {
    let mut pager = Pager::new(at(0, 0), second(1_000), size(4));
    pager.take(&page(&[at(1, 1), at(1, 2), at(2, 3), at(3, 4)])).expect("a full page");
    pager.resize(size(1));
    pager.leave_out([7, 9]);
    let search = pager.next_search().expect("a search").expect("a page");
    assert!(filters(&search).contains(&"entity_id nin 7,9".to_owned()), "{:?}", filters(&search));
    pager.take(&page(&[at(3, 8)])).expect("one row is a full page now");
    assert!(!pager.is_over());
    assert_eq!((pager.page_size(), pager.read()), (size(1), at(3, 8)));
}
