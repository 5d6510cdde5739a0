use std::num::NonZeroU32;

use super::{Direction, Filter, PageSize, Search, SearchError};
use crate::encoding::decode;

/// The query, decoded, one pair a line.
fn lines(search: &Search) -> Vec<String> {
    let query = search.query().expect("a query");
    let text = |part: &str| String::from_utf8(decode(part).expect("escapes")).expect("UTF-8");
    query.split('&').map(text).collect()
}

#[test]
fn writes_groups_sorts_and_pages() {
    let search = Search::new(PageSize::default())
        .and(Filter::greater("updated_at", "2026-01-31 08:00:00"))
        .and_any([Filter::equal("state", "new"), Filter::at_least("store_id", 3)])
        .sort("updated_at", Direction::Ascending)
        .sort("entity_id", Direction::Descending)
        .page(NonZeroU32::new(2).expect("a page"))
        .fields("items[entity_id],total_count");
    assert_eq!(
        lines(&search),
        [
            "searchCriteria[filterGroups][0][filters][0][field]=updated_at",
            "searchCriteria[filterGroups][0][filters][0][value]=2026-01-31 08:00:00",
            "searchCriteria[filterGroups][0][filters][0][conditionType]=gt",
            "searchCriteria[filterGroups][1][filters][0][field]=state",
            "searchCriteria[filterGroups][1][filters][0][value]=new",
            "searchCriteria[filterGroups][1][filters][0][conditionType]=eq",
            "searchCriteria[filterGroups][1][filters][1][field]=store_id",
            "searchCriteria[filterGroups][1][filters][1][value]=3",
            "searchCriteria[filterGroups][1][filters][1][conditionType]=gteq",
            "searchCriteria[sortOrders][0][field]=updated_at",
            "searchCriteria[sortOrders][0][direction]=ASC",
            "searchCriteria[sortOrders][1][field]=entity_id",
            "searchCriteria[sortOrders][1][direction]=DESC",
            "searchCriteria[pageSize]=100",
            "searchCriteria[currentPage]=2",
            "fields=items[entity_id],total_count",
        ]
    );
}

#[test]
fn encodes_every_odd_character() {
    let search = Search::new(PageSize::default()).and(Filter::equal("increment_id", " +%&=/\"'\u{f8}\n[];"));
    let query = search.query().expect("a query");
    assert!(query.contains("%5Bvalue%5D=%20%2B%25%26%3D%2F%22%27%C3%B8%0A%5B%5D%3B&"), "{query}");
    assert!(query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte)), "{query}");
}

#[test]
fn a_list_of_values_is_one_filter() {
    let filter = Filter::one_of("entity_id", 1..=11).expect("values");
    let search = Search::new(PageSize::default()).and(filter);
    assert!(
        lines(&search).contains(&"searchCriteria[filterGroups][0][filters][0][value]=1,2,3,4,5,6,7,8,9,10,11".into())
    );
    assert_eq!(Filter::one_of("entity_id", [0; 0]), Err(SearchError::NoValues("entity_id".into())));
    assert_eq!(Filter::one_of("sku", ["A", "B,C"]), Err(SearchError::Comma("B,C".into())));
}

#[test]
fn refuses_an_eleventh_index() {
    let filters = |count| vec![Filter::equal("entity_id", 1); count];
    let empty = || Search::new(PageSize::default());
    let groups = |count| filters(count).into_iter().fold(empty(), Search::and);
    let sorts = |count| (0..count).fold(empty(), |search, _| search.sort("entity_id", Direction::Ascending));
    for (ten, eleven) in
        [(groups(10), groups(11)), (empty().and_any(filters(10)), empty().and_any(filters(11))), (sorts(10), sorts(11))]
    {
        assert!(ten.query().is_ok());
        assert_eq!(eleven.query(), Err(SearchError::TooMany));
    }
}

#[test]
fn a_page_has_a_size() {
    assert_eq!(PageSize::new(0), Err(SearchError::PageSize(0)));
    assert_eq!(PageSize::new(301), Err(SearchError::PageSize(301)));
    assert_eq!(PageSize::new(300), Ok(PageSize::MAX));
    assert_eq!(PageSize::default().rows(), 100);
}
