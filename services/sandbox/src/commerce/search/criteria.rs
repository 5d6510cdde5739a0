//! `searchCriteria` from the query: filter groups, sort orders, page.
//!
//! Names are taken in camel and in snake case. A wrong type is 400 with the path of the field; a direction that is
//! missing means **descending**; a condition that is unknown means `eq`. Measured on 2.4.7.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::query::Node;
use crate::commerce::refusal::CommerceRefusal;

/// Criteria of a list call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Criteria {
    /// All groups must hold; in a group one filter is enough.
    pub(crate) groups: Vec<Vec<Filter>>,
    pub(crate) sort: Vec<Sort>,
    pub(crate) page_size: Option<i64>,
    pub(crate) current_page: Option<i64>,
}

/// One condition on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) field: String,
    pub(crate) value: Option<String>,
    pub(crate) condition: String,
}

/// One sort order. `descending` is `None` when the direction was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) field: Option<String>,
    pub(crate) descending: Option<bool>,
}

impl Criteria {
    /// Reads the criteria of a query. Without any the call is refused; `searchCriteria=all` asks for everything.
    pub(crate) fn read(query: &Node) -> Result<Self, CommerceRefusal> {
        let root = query.get("searchCriteria").or_else(|| query.get("search_criteria"));
        let mut criteria = Self::default();
        match root {
            None => return Err(CommerceRefusal::required(&["searchCriteria"])),
            Some(Node::Text(_)) => {}
            Some(Node::Map(entries)) => {
                for (name, node) in entries {
                    criteria.set(name, node)?;
                }
            }
        }
        Ok(criteria)
    }

    fn set(&mut self, name: &str, node: &Node) -> Result<(), CommerceRefusal> {
        match pascal(name).as_str() {
            "FilterGroups" => self.groups = list(node, |group| filters(group, name))?,
            "SortOrders" => self.sort = list(node, |order| sort(order, name))?,
            "PageSize" => self.page_size = Some(integer(node, name)?),
            "CurrentPage" => self.current_page = Some(integer(node, name)?),
            unknown => return Err(CommerceRefusal::not_supported(unknown)),
        }
        Ok(())
    }

    /// The criteria as the answer repeats them.
    pub(crate) fn echo(&self) -> Value {
        let groups: Vec<Value> = self
            .groups
            .iter()
            .map(|group| {
                let filters: Vec<Value> = group.iter().map(Filter::echo).collect();
                json!({ "filters": filters })
            })
            .collect();
        let mut echo = Map::new();
        echo.insert("filter_groups".to_owned(), groups.into());
        if !self.sort.is_empty() {
            let orders: Vec<Value> = self.sort.iter().map(Sort::echo).collect();
            echo.insert("sort_orders".to_owned(), orders.into());
        }
        if let Some(size) = self.page_size {
            echo.insert("page_size".to_owned(), size.into());
        }
        if let Some(page) = self.current_page {
            echo.insert("current_page".to_owned(), page.into());
        }
        echo.into()
    }
}

impl Filter {
    fn echo(&self) -> Value {
        json!({ "field": self.field, "value": self.value, "condition_type": self.condition })
    }
}

impl Sort {
    fn echo(&self) -> Value {
        let mut echo = Map::new();
        if let Some(field) = &self.field {
            echo.insert("field".to_owned(), field.clone().into());
        }
        if let Some(descending) = self.descending {
            echo.insert("direction".to_owned(), if descending { "DESC" } else { "ASC" }.into());
        }
        echo.into()
    }
}

/// `filter_groups` and `filterGroups` both as `FilterGroups`.
pub(crate) fn pascal(name: &str) -> String {
    let mut capital = true;
    let mut pascal = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '_' => capital = true,
            _ if capital => {
                pascal.extend(letter.to_uppercase());
                capital = false;
            }
            _ => pascal.push(letter),
        }
    }
    pascal
}

/// The elements of an array; a plain text where an array belongs is ignored, as Magento does.
fn list<T>(node: &Node, read: impl Fn(&Node) -> Result<T, CommerceRefusal>) -> Result<Vec<T>, CommerceRefusal> {
    match node {
        Node::Text(_) => Ok(Vec::new()),
        Node::Map(entries) => entries.iter().map(|(_, entry)| read(entry)).collect(),
    }
}

fn filters(group: &Node, groups_name: &str) -> Result<Vec<Filter>, CommerceRefusal> {
    let Node::Map(entries) = group else { return Ok(Vec::new()) };
    let mut filters = Vec::new();
    for (name, node) in entries {
        match pascal(name).as_str() {
            "Filters" => filters = list(node, |one| filter(one, &[groups_name, name]))?,
            unknown => return Err(CommerceRefusal::not_supported(unknown)),
        }
    }
    Ok(filters)
}

fn filter(node: &Node, inside: &[&str]) -> Result<Filter, CommerceRefusal> {
    let mut filter = Filter { field: String::new(), value: None, condition: "eq".to_owned() };
    let Node::Map(entries) = node else { return Ok(filter) };
    for (name, node) in entries {
        let path: Vec<&str> = inside.iter().copied().chain([name.as_str()]).collect();
        let text = || match node {
            Node::Text(text) => Ok(text.clone()),
            Node::Map(_) => Err(CommerceRefusal::wrong_type(&path, "array", "string")),
        };
        match pascal(name).as_str() {
            "Field" => filter.field = text()?,
            "Value" => filter.value = Some(text()?),
            "ConditionType" => filter.condition = Some(text()?).filter(|t| !t.is_empty()).unwrap_or(filter.condition),
            unknown => return Err(CommerceRefusal::not_supported(unknown)),
        }
    }
    Ok(filter)
}

fn sort(node: &Node, orders_name: &str) -> Result<Sort, CommerceRefusal> {
    let mut sort = Sort { field: None, descending: None };
    let Node::Map(entries) = node else { return Ok(sort) };
    for (name, node) in entries {
        let Node::Text(text) = node else {
            return Err(CommerceRefusal::wrong_type(&[orders_name, name], "array", "string"));
        };
        match pascal(name).as_str() {
            "Field" => sort.field = Some(text.clone()),
            "Direction" => sort.descending = Some(descending(text)?),
            unknown => return Err(CommerceRefusal::not_supported(unknown)),
        }
    }
    Ok(sort)
}

fn descending(direction: &str) -> Result<bool, CommerceRefusal> {
    match direction.to_ascii_uppercase().as_str() {
        "ASC" => Ok(false),
        "DESC" => Ok(true),
        _ => Err(CommerceRefusal::listed(
            StatusCode::BAD_REQUEST,
            "The sort order has to be specified as %1 for ascending order or %2 for descending order.",
            &["ASC", "DESC"],
        )),
    }
}

fn integer(node: &Node, name: &str) -> Result<i64, CommerceRefusal> {
    match node {
        Node::Text(text) => text.trim().parse().map_err(|_| CommerceRefusal::wrong_type(&[name], text, "int")),
        Node::Map(_) => Err(CommerceRefusal::wrong_type(&[name], "array", "int")),
    }
}
