//! The search grammar of Magento's list endpoints, with what was measured of it on 2.4.7.

pub(crate) mod columns;
pub(crate) mod condition;
pub(crate) mod criteria;
pub(crate) mod fields;
pub(crate) mod query;

use std::cmp::Ordering;
use std::sync::Arc;

use axum::http::StatusCode;

use super::refusal::CommerceRefusal;
use super::table::{Cell, Document, Table};
use columns::{Entity, Source};
use criteria::{Criteria, Filter};

/// One page of a result.
#[derive(Debug)]
pub(crate) struct Page {
    /// The documents of the page, in order.
    pub(crate) items: Vec<Arc<str>>,
    /// How many documents the filters leave, on all pages together.
    pub(crate) total: usize,
}

/// A row while it is sorted: the cells to sort by, and what decides between equal ones.
struct Row<'t> {
    cells: Vec<Cell>,
    tie: u64,
    document: &'t Document,
}

/// Runs a search. `seed` decides how rows come out that the sort orders leave equal: the same for the same page asked
/// twice, and different from page to page, so that a scan over tied rows loses some and repeats others, as measured.
pub(crate) fn run(table: &Table, entity: Entity, criteria: &Criteria, seed: u64) -> Result<Page, CommerceRefusal> {
    let groups = criteria
        .groups
        .iter()
        .map(|group| group.iter().map(|filter| Ok((column(entity, &filter.field)?, filter))).collect())
        .collect::<Result<Vec<Vec<(Source, &Filter)>>, CommerceRefusal>>()?;
    let sorts = criteria
        .sort
        .iter()
        .filter_map(|sort| sort.field.as_ref().map(|field| (field, sort.descending.unwrap_or(true))))
        .map(|(field, descending)| Ok((column(entity, field)?, descending)))
        .collect::<Result<Vec<(Source, bool)>, CommerceRefusal>>()?;
    let (first, size) = window(criteria);
    let page_seed = mix(seed, first as u64);
    let mut rows: Vec<Row<'_>> = table
        .iter()
        .filter(|(_, document)| groups.iter().all(|group| group.is_empty() || any_holds(group, document)))
        .map(|(id, document)| Row {
            cells: sorts.iter().map(|(column, _)| document.cell(column)).collect(),
            tie: if sorts.is_empty() { *id } else { mix(page_seed, *id) },
            document,
        })
        .collect();
    rows.sort_unstable_by(|a, b| compare(a, b, &sorts));
    let total = rows.len();
    let items = rows.into_iter().skip(first).take(size).map(|row| row.document.text()).collect();
    Ok(Page { items, total })
}

fn column(entity: Entity, field: &str) -> Result<Source, CommerceRefusal> {
    entity.column(field).ok_or_else(|| match entity {
        // Customers are stored by attribute, and an unknown attribute is found before the database is asked.
        Entity::Customer => CommerceRefusal::listed(StatusCode::BAD_REQUEST, "Invalid attribute name: %1", &[field]),
        _ => CommerceRefusal::internal(),
    })
}

fn any_holds(group: &[(Source, &Filter)], document: &Document) -> bool {
    group.iter().any(|(column, filter)| {
        let value = filter.value.as_deref().unwrap_or_default();
        condition::holds(column.kind, &document.cell(column), &filter.condition, value)
    })
}

/// How many rows to leave out, and how many to take. No size and 0 mean all; below zero means one.
fn window(criteria: &Criteria) -> (usize, usize) {
    match criteria.page_size {
        None | Some(0) => (0, usize::MAX),
        Some(size) => {
            let size = usize::try_from(size).unwrap_or(1);
            let page = usize::try_from(criteria.current_page.unwrap_or(1)).unwrap_or(1).max(1);
            ((page - 1).saturating_mul(size), size)
        }
    }
}

fn compare(a: &Row<'_>, b: &Row<'_>, sorts: &[(Source, bool)]) -> Ordering {
    let by_cells = a.cells.iter().zip(&b.cells).zip(sorts).map(|((a, b), (_, descending))| {
        let order = a.cmp(b);
        if *descending { order.reverse() } else { order }
    });
    by_cells.fold(Ordering::Equal, Ordering::then).then(a.tie.cmp(&b.tie))
}

/// SplitMix64's finaliser: a number that looks drawn, from two that are given.
fn mix(seed: u64, value: u64) -> u64 {
    crate::generate::dice::mix(seed, value)
}
