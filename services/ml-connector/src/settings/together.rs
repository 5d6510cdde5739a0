//! Connections that cannot live together: two that would book the same order in the same company, or under one
//! reference.

use std::collections::BTreeSet;

use problem::{Code, Problem};

use super::Settings;

/// A Visma company, as far as the settings name it.
type Company<'s> = (&'s str, &'s str, &'s str);

/// Holds each connection against each other one.
///
/// # Errors
/// `CONNECTIONS_CLASH` names two, and what they share.
pub(super) fn check<'s>(all: impl Iterator<Item = &'s Settings>) -> Result<(), Problem> {
    let all: Vec<_> = all.collect();
    if all.len() < 2 {
        return Ok(());
    }
    // One that cannot be read is told by its connection.
    let prefix = |settings: &Settings| Some(settings.load_mapping().ok()?.reference_prefix().to_owned());
    let all: Vec<_> = all.into_iter().map(|settings| (settings, company(settings), prefix(settings))).collect();
    for (at, (one, company, prefix)) in all.iter().enumerate() {
        let Some(company) = company else { continue };
        for (other, _, its_prefix) in all.iter().skip(at + 1).filter(|(_, its, _)| its.as_ref() == Some(company)) {
            let (name, its_name) = (&one.connection, &other.connection);
            if one.commerce.shop() == other.commerce.shop() && overlap(one, other) {
                let sentence = format!(
                    "the connections `{name}` and `{its_name}` would both book orders of the same stores of {} in the \
                     same company",
                    one.commerce.shop()
                );
                let remedy = "give each its own scope.stores, or its own scope.websites; empty means all";
                return Err(Problem::new(Code::ConnectionsClash, sentence, remedy));
            }
            if prefix.is_some() && prefix == its_prefix {
                let prefix = prefix.as_deref().unwrap_or_default();
                let sentence = format!(
                    "the connections `{name}` and `{its_name}` book in the same company under the same references, \
                     which begin with \"{prefix}\""
                );
                let remedy = "give each a mapping file with a reference prefix of its own";
                return Err(Problem::new(Code::ConnectionsClash, sentence, remedy));
            }
        }
    }
    Ok(())
}

/// The company; none where the vault says which it is.
fn company(settings: &Settings) -> Option<Company<'_>> {
    let visma = &settings.visma;
    let known = !visma.tenant_id.is_empty();
    known.then(|| (visma.base_url.trim_end_matches('/'), visma.tenant_id.as_str(), visma.company_id.as_str()))
}

/// Returns true when an order could be in both scopes. The settings do not say which store is of which website.
fn overlap(one: &Settings, other: &Settings) -> bool {
    let meet = |one: &[u64], other: &[u64]| {
        let one: BTreeSet<_> = one.iter().collect();
        one.is_empty() || other.is_empty() || other.iter().any(|id| one.contains(id))
    };
    meet(&one.scope.stores, &other.scope.stores) && meet(&one.scope.websites, &other.scope.websites)
}
