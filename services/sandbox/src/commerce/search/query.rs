//! A query string as PHP reads it into nested arrays: `a[b][0]=x`, `a[]=x`, the last of two equal names wins.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A parameter: a text, or what was put under it with brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Map(Vec<(String, Node)>),
}

/// How deep brackets may go. PHP's own limit (`max_input_nesting_level`) is 64.
const DEEPEST: usize = 64;

impl Node {
    /// An empty array.
    pub(crate) fn empty() -> Self {
        Self::Map(Vec::new())
    }

    /// Returns the node under this name, if this is an array that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Text(_) => None,
            Self::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, node)| node),
        }
    }

    fn put(&mut self, path: &[Cow<'_, str>], value: String) {
        let Some((first, rest)) = path.split_first() else {
            *self = Self::Text(value);
            return;
        };
        if let Self::Text(_) = self {
            *self = Self::empty();
        }
        let Self::Map(entries) = self else { return };
        let name = if first.is_empty() { next_index(entries) } else { first.to_string() };
        if let Some((_, node)) = entries.iter_mut().find(|(key, _)| *key == name) {
            node.put(rest, value);
        } else {
            let mut node = Self::empty();
            node.put(rest, value);
            entries.push((name, node));
        }
    }
}

/// The index that `[]` gets: one more than the highest so far.
fn next_index(entries: &[(String, Node)]) -> String {
    let highest = entries.iter().filter_map(|(key, _)| key.parse::<u64>().ok()).max();
    highest.map_or(0, |index| index.saturating_add(1)).to_string()
}

/// Reads a whole query string.
pub(crate) fn parse(query: &str) -> Node {
    let mut root = Node::empty();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        let path = path(&name);
        if path.len() <= DEEPEST && path.first().is_some_and(|first| !first.is_empty()) {
            root.put(&path, decode(value));
        }
    }
    root
}

/// `+` is a space here, unlike in the signature.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `a[b][c]` as a, b, c. A bracket that is not closed ends the path.
fn path(name: &str) -> Vec<Cow<'_, str>> {
    let (root, mut rest) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    let mut path = vec![Cow::Owned(root.trim_start().replace(['.', ' '], "_"))];
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|open| open.split_once(']')) {
        path.push(Cow::Borrowed(inside));
        rest = after;
    }
    path
}
