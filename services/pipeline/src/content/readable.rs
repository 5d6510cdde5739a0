//! Which texts of a record stay readable. All others are sealed: nobody can list what modules and people will put into
//! a record, but what has to be readable is known.

use std::sync::OnceLock;

/// Places of a record, by the names of the objects that lead to them, and the texts that stay readable there. Lists
/// have no name: what is said of an object is said of each one in a list.
pub type Paths = &'static [(&'static [&'static str], &'static [&'static str])];

/// In the wrapper that some answers put around a text, the text.
const WRAPPED: &str = "value";

/// The texts that stay readable in records of one kind.
#[derive(Debug)]
pub struct Readable {
    paths: Paths,
    tree: OnceLock<Vec<Node>>,
}

#[derive(Debug, Default)]
struct Node {
    texts: Vec<&'static str>,
    inside: Vec<(&'static str, usize)>,
}

/// A place in a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// A text that stands here is readable.
    pub(super) is_readable: bool,
    node: Option<usize>,
}

impl Readable {
    /// Treats the texts under these paths as readable.
    pub const fn new(paths: Paths) -> Self {
        Self { paths, tree: OnceLock::new() }
    }

    /// The record itself.
    pub(super) fn top() -> At {
        At { is_readable: false, node: Some(0) }
    }

    /// Returns the place under `name` in an object that stands at `at`.
    pub(super) fn under(&self, at: At, name: &str) -> At {
        let tree = self.tree.get_or_init(|| grow(self.paths));
        match at.node.and_then(|node| tree.get(node)) {
            Some(node) => At {
                is_readable: node.texts.binary_search(&name).is_ok(),
                node: node.inside.iter().find(|(inside, _)| *inside == name).map(|(_, child)| *child),
            },
            None => At { is_readable: at.is_readable && name == WRAPPED, node: None },
        }
    }
}

fn grow(paths: Paths) -> Vec<Node> {
    let mut tree = vec![Node::default()];
    for (path, texts) in paths {
        let mut at = 0;
        for name in *path {
            let known = tree.get(at).and_then(|node| node.inside.iter().find(|(inside, _)| inside == name));
            at = match known.map(|(_, child)| *child) {
                Some(child) => child,
                None => {
                    let child = tree.len();
                    tree.push(Node::default());
                    if let Some(node) = tree.get_mut(at) {
                        node.inside.push((name, child));
                    }
                    child
                }
            };
        }
        if let Some(node) = tree.get_mut(at) {
            node.texts.extend_from_slice(texts);
            node.texts.sort_unstable();
        }
    }
    tree
}
