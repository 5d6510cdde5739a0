//! JSON text, cut without being re-written.
//!
//! The documents of a shop are served exactly as they were recorded or rendered: `100`, `79.2`,
//! `1.7763568394003e-15`. Parsing and printing would be a chance to lose that, and costs more than all the rest of
//! serving a page. So members are found by scanning, and replaced by splicing. The text must be valid JSON; whoever
//! stores it checks that once.

use std::ops::Range;

/// Where a member of an object stands: its name, decoded, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) value: Range<usize>,
}

/// The members of the object that this text is, in their order. Anything else has none.
pub(crate) fn members(text: &str) -> Vec<Member> {
    pieces(text, '{')
        .into_iter()
        .filter_map(|piece| {
            let source = text.get(piece.clone())?;
            let name_end = string_end(source)?;
            let name = serde_json::from_str(source.get(..name_end)?).ok()?;
            let value = source.get(name_end..)?.trim_start().strip_prefix(':')?.trim_start();
            Some(Member { name, value: piece.end.checked_sub(value.len())?..piece.end })
        })
        .collect()
}

/// The elements of the array that this text is. Anything else has none.
pub(crate) fn elements(text: &str) -> Vec<&str> {
    pieces(text, '[').into_iter().filter_map(|piece| text.get(piece)).collect()
}

/// This object with `name` set to `value`, which is JSON text.
pub(crate) fn with(text: &str, name: &str, value: &str) -> String {
    let mut changed = text.to_owned();
    if let Some(member) = members(text).into_iter().find(|member| member.name == name) {
        changed.replace_range(member.value, value);
    } else if let Some(end) = text.rfind('}') {
        let comma = if members(text).is_empty() { "" } else { "," };
        changed.insert_str(end, &format!("{comma}{}:{value}", serde_json::Value::from(name)));
    }
    changed
}

/// This object with several members set, or, where there is no value, taken out.
pub(crate) fn edited(text: &str, changes: &[(String, Option<String>)]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let known = members(text);
    for member in &known {
        let value = match changes.iter().rev().find(|(name, _)| *name == member.name) {
            Some((_, None)) => continue,
            Some((_, Some(value))) => value.as_str(),
            None => text.get(member.value.clone()).unwrap_or("null"),
        };
        parts.push(format!("{}:{value}", serde_json::Value::from(member.name.as_str())));
    }
    for (at, (name, value)) in changes.iter().enumerate() {
        let later = changes.iter().skip(at + 1).any(|(other, _)| other == name);
        if let Some(value) = value
            && !later
            && !known.iter().any(|member| member.name == *name)
        {
            parts.push(format!("{}:{value}", serde_json::Value::from(name.as_str())));
        }
    }
    format!("{{{}}}", parts.join(","))
}

/// The stretches between the commas of the outermost object or array.
fn pieces(text: &str, open: char) -> Vec<Range<usize>> {
    let start = text.len() - text.trim_start().len();
    if !text.get(start..).is_some_and(|rest| rest.starts_with(open)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    let mut from = start + 1;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b',' if depth == 1 => {
                found.extend(trimmed(text, from..at));
                from = at + 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    found.extend(trimmed(text, from..at));
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// The range without the white space around it; none when nothing is left.
fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let piece = text.get(range.clone())?;
    let start = range.start + (piece.len() - piece.trim_start().len());
    (!piece.trim().is_empty()).then(|| start..start + piece.trim().len())
}

/// Behind the closing quote of the string that this text begins with.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// The whole number that a member of this object holds.
pub(crate) fn whole_number(text: &str, name: &str) -> Option<u64> {
    let member = members(text).into_iter().find(|member| member.name == name)?;
    text.get(member.value)?.parse().ok()
}

/// The elements of `items` of a list's answer.
pub(crate) fn items(answer: &str) -> Vec<String> {
    let member = members(answer).into_iter().find(|member| member.name == "items");
    let all = member.and_then(|member| answer.get(member.value)).unwrap_or("[]");
    elements(all).into_iter().map(str::to_owned).collect()
}
