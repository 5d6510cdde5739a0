//! Lists and single documents. Both show the very same text, as measured for every document of the recorded shop.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::refusal::CommerceRefusal;
use super::reply;
use super::search::columns::Entity;
use super::search::criteria::Criteria;
use super::search::fields::Fields;
use super::search::query::{self, Node};
use super::search::{self, Page};
use super::shop::Shop;

/// A list with search criteria.
pub(crate) fn list(shop: &Shop, entity: Entity, query: &str) -> Result<Response<Body>, CommerceRefusal> {
    let query = query::parse(query);
    let criteria = Criteria::read(&query)?;
    check_page_size(shop, &criteria)?;
    let page = search::run(shop.books().table(entity), entity, &criteria, shop.seed())?;
    Ok(reply::ok(trimmed(render(&page, &criteria), &query)))
}

fn render(page: &Page, criteria: &Criteria) -> String {
    let bytes: usize = page.items.iter().map(|item| item.len() + 1).sum();
    let mut text = String::with_capacity(bytes + 1024);
    text.push_str("{\"items\":[");
    for (at, item) in page.items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push_str(&format!("],\"search_criteria\":{},\"total_count\":{}}}", criteria.echo(), page.total));
    text
}

fn check_page_size(shop: &Shop, criteria: &Criteria) -> Result<(), CommerceRefusal> {
    match (shop.config().maximum_page_size, criteria.page_size) {
        (Some(most), Some(size)) if size > i64::from(most) => Err(CommerceRefusal::named(
            StatusCode::BAD_REQUEST,
            "Maximum SearchCriteria pageSize is %max",
            "max",
            &json!(most),
        )),
        _ => Ok(()),
    }
}

/// One document by its id.
pub(crate) fn one(shop: &Shop, entity: Entity, id: &str, query: &str) -> Result<Response<Body>, CommerceRefusal> {
    let id = identity(id)?;
    let missing =
        || if entity == Entity::Customer { CommerceRefusal::no_customer(id) } else { CommerceRefusal::no_entity() };
    if id == 0 && entity != Entity::Customer {
        return Err(CommerceRefusal::plain(StatusCode::BAD_REQUEST, "An ID is needed. Set the ID and try again."));
    }
    let key = u64::try_from(id).map_err(|_| missing())?;
    let text = shop.books().table(entity).get(&key).map(|document| document.text()).ok_or_else(missing)?;
    Ok(reply::ok(trimmed(text.to_string(), &query::parse(query))))
}

/// The status of one order, as a JSON string.
pub(crate) fn status(shop: &Shop, id: &str) -> Result<Response<Body>, CommerceRefusal> {
    let books = shop.books();
    let order = books.orders.get(&order_id(id)?).ok_or_else(CommerceRefusal::no_entity)?;
    Ok(reply::ok(order.member("status").unwrap_or("null").to_owned()))
}

/// The id of an order in a path.
pub(crate) fn order_id(id: &str) -> Result<u64, CommerceRefusal> {
    u64::try_from(identity(id)?).map_err(|_| CommerceRefusal::no_entity())
}

fn identity(id: &str) -> Result<i64, CommerceRefusal> {
    id.parse().map_err(|_| CommerceRefusal::wrong_type(&[], id, "int"))
}

/// Only what `fields` asks for, when it asks.
fn trimmed(text: String, query: &Node) -> String {
    match query.get("fields") {
        Some(Node::Text(fields)) => Fields::parse(fields).map_or_else(|| "[]".to_owned(), |fields| fields.trim(&text)),
        Some(Node::Map(_)) | None => text,
    }
}
