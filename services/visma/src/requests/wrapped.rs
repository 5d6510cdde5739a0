//! Visma's way of writing: scalars and nested objects go as `{"value": x}`; what is left out stays as it is.

use serde::Serialize;

/// `{"value": x}`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Wrapped<T> {
    value: T,
}

/// A field that is always sent.
pub(super) const fn wrap<T>(value: T) -> Wrapped<T> {
    Wrapped { value }
}

/// A text that is sent when there is one.
pub(super) fn text(value: Option<&str>) -> Option<Wrapped<&str>> {
    value.filter(|text| !text.is_empty()).map(wrap)
}

/// A text that is sent when there is one, also an empty one: that clears the field. The published schema knows texts
/// alone, so `null` is never sent.
pub(super) fn emptied(value: Option<&str>) -> Option<Wrapped<&str>> {
    value.map(wrap)
}
