//! Reading what was made within a range of time, whatever happened to it since.
//!
//! When a record was made never changes, and ids rise as records are made: a scan by id within a range of `created_at`
//! can be left and taken up again at any page, and no row moves meanwhile. Where the
//! range reaches beyond now, what is added to it has higher ids than all that was read.

use crate::entity::Entity;
use crate::page::Page;
use crate::search::{Direction, Filter, PageSize, Search, SearchError};
use crate::time::Moment;

/// Records that were made within a range of time: from one second on and before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The first second.
    pub from: Moment,
    /// The first second that is not in it any more.
    pub until: Moment,
    /// Store views whose records are read; empty means all.
    pub stores: Vec<u64>,
}

/// A page that is not what was asked for. Reading on could lose records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {0} came where it was not asked for: the server does not sort or filter as it was asked to")]
pub struct OutOfOrder(pub u64);

impl History {
    /// The search of the page behind the record `after`; 0 is the first one.
    ///
    /// # Errors
    /// None in practice: the searches made here are within the grammar.
    pub fn search(&self, after: u64, page_size: PageSize) -> Result<Search, SearchError> {
        let search = Search::new(page_size)
            .and(Filter::at_least("created_at", self.from))
            .and(Filter::at_most("created_at", self.until.earlier(1)))
            .and(Filter::greater("entity_id", after))
            .sort("entity_id", Direction::Ascending);
        match self.stores.is_empty() {
            true => Ok(search),
            false => Ok(search.and(Filter::one_of("store_id", &self.stores)?)),
        }
    }
}

/// The search of the accounts behind the one with the id `after`, of these websites or all, whatever their
/// `updated_at` says: an edit of an address book does not move it.
///
/// # Errors
/// None in practice: the searches made here are within the grammar.
pub fn accounts(after: u64, websites: &[u64], page_size: PageSize) -> Result<Search, SearchError> {
    let search = Search::new(page_size).and(Filter::greater("entity_id", after));
    let search = search.sort("entity_id", Direction::Ascending);
    match websites {
        [] => Ok(search),
        websites => Ok(search.and(Filter::one_of("website_id", websites)?)),
    }
}

/// The search of ids and times, without the records, behind the one with the id `after`: of what was last written from
/// one second on and before another, in these store views or all.
///
/// # Errors
/// None in practice: the searches made here are within the grammar.
pub fn stamps(
    entity: Entity,
    (since, until): (Moment, Moment),
    after: u64,
    stores: &[u64],
    page_size: PageSize,
) -> Result<Search, SearchError> {
    let fields = match entity {
        Entity::Order => "items[entity_id,updated_at],total_count",
        Entity::Invoice | Entity::CreditMemo => "items[entity_id,updated_at,order_id],total_count",
        Entity::Customer => "items[id,updated_at],total_count",
    };
    let search = Search::new(page_size)
        .and(Filter::at_least("updated_at", since))
        .and(Filter::at_most("updated_at", until.earlier(1)))
        .and(Filter::greater("entity_id", after))
        .sort("entity_id", Direction::Ascending)
        .fields(fields);
    match stores {
        [] => Ok(search),
        stores => Ok(search.and(Filter::one_of("store_id", stores)?)),
    }
}

/// The last record of a page that was asked for behind `after`; `None` when nothing is left.
///
/// # Errors
/// When its rows do not rise from there.
pub fn last_of(page: &Page, after: u64) -> Result<Option<u64>, OutOfOrder> {
    let mut last = after;
    for row in &page.items {
        if row.entity_id <= last {
            return Err(OutOfOrder(row.entity_id));
        }
        last = row.entity_id;
    }
    Ok((last > after).then_some(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Row;

    fn moment(text: &str) -> Moment {
        Moment::parse(text).expect("a moment")
    }

    fn history(stores: &[u64]) -> History {
        let (from, until) = (moment("2025-11-30 23:00:00"), moment("2025-12-31 23:00:00"));
        History { from, until, stores: stores.to_vec() }
    }

    fn page(ids: &[u64]) -> Page {
        let updated_at = moment("2025-12-24 12:00:00");
        let row = |id: &u64| Row {
            entity_id: *id,
            updated_at,
            order_id: None,
            account: None,
            store: None,
            text: String::new(),
        };
        Page { items: ids.iter().map(row).collect(), total_count: 9 }
    }

    #[test]
    fn the_end_is_not_in_the_range() {
        let query = history(&[]).search(41, PageSize::default()).expect("a search").query().expect("a query");
        assert!(query.contains("2025-11-30%2023%3A00%3A00") && query.contains("2025-12-31%2022%3A59%3A59"), "{query}");
        assert!(query.contains("%5Bvalue%5D=41&") && !query.contains("store_id"), "{query}");
        let query = history(&[1, 2]).search(0, PageSize::default()).expect("a search").query().expect("a query");
        assert!(query.contains("store_id") && query.contains("%5Bvalue%5D=1%2C2&"), "{query}");
    }

    #[test]
    fn accounts_are_asked_for_by_id_alone() {
        let query = accounts(41, &[], PageSize::default()).expect("a search").query().expect("a query");
        assert!(query.contains("%5Bvalue%5D=41&") && !query.contains("updated_at"), "{query}");
        let query = accounts(0, &[3], PageSize::default()).expect("a search").query().expect("a query");
        assert!(query.contains("website_id") && query.contains("entity_id"), "{query}");
    }

    #[test]
    fn stamps_are_asked_for_without_their_records() {
        let range = (moment("2025-12-17 00:00:00"), moment("2025-12-24 12:00:00"));
        let search = stamps(Entity::Invoice, range, 41, &[1], PageSize::default()).expect("a search");
        let query = search.query().expect("a query");
        for part in
            ["updated_at%2Corder_id%5D%2Ctotal_count", "2025-12-24%2011%3A59%3A59", "%5Bvalue%5D=41&", "store_id"]
        {
            assert!(query.contains(part), "{part} in {query}");
        }
    }

    #[test]
    fn a_page_rises_from_where_it_was_asked_for() {
        assert_eq!(last_of(&page(&[42, 50]), 41), Ok(Some(50)));
        assert_eq!(last_of(&page(&[]), 41), Ok(None));
        assert_eq!(last_of(&page(&[41]), 41), Err(OutOfOrder(41)));
        assert_eq!(last_of(&page(&[50, 42]), 41), Err(OutOfOrder(42)));
    }
}
