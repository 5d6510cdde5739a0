//! Reading credentials: asked for one by one at a terminal, else one `name = value` a line.

use std::io::{IsTerminal as _, Read as _};

use console::Term;
use pipeline::secret::Secret;
use pipeline::vault::credentials::Fields;
use problem::{Code, Problem};
use zeroize::Zeroizing;

use crate::vendors::kept::Field;

/// Limit of what may come on standard input, in bytes.
const MOST: u64 = 64 * 1024;

/// Reads fields on top of `before`. A terminal is asked for `asked`, where an empty answer changes nothing; otherwise
/// any of `known` may come.
///
/// # Errors
/// `CREDENTIALS_INPUT` when it cannot be read, or says what is no credential of this vendor.
pub(super) fn read(asked: &[Field], known: &[Field], before: &Fields) -> Result<Fields, Problem> {
    if std::io::stdin().is_terminal() {
        return ask(asked, before);
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(MOST).read_to_string(&mut text).map_err(|e| wrong(&e.to_string()))?;
    parse(&text, known, before)
}

fn ask(asked: &[Field], before: &Fields) -> Result<Fields, Problem> {
    let mut fields = before.clone();
    let term = Term::stderr();
    for field in asked {
        let kept = if before.get(field.name).is_some() { " (empty: no change)" } else { "" };
        let prompt = term.write_str(&format!("{}{kept}: ", field.name));
        let read = || if field.secret { term.read_secure_line() } else { term.read_line() };
        let value = Zeroizing::new(prompt.and_then(|()| read()).map_err(|e| wrong(&e.to_string()))?);
        if !value.trim().is_empty() {
            fields.set(field.name, Secret::new(value.trim()));
        }
    }
    Ok(fields)
}

/// The text of a line that is wrong is not repeated: it may be a secret.
fn parse(text: &str, known: &[Field], before: &Fields) -> Result<Fields, Problem> {
    let mut fields = before.clone();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong(&format!("line {} is not `name = value`", number + 1)));
        };
        let (name, value) = (name.trim(), value.trim());
        let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        if !known.iter().any(|field| field.name == name) {
            let names: Vec<&str> = known.iter().map(|field| field.name).collect();
            return Err(wrong(&format!("line {} has another name than {}", number + 1, names.join(", "))));
        }
        if value.is_empty() {
            return Err(wrong(&format!("line {} has no value", number + 1)));
        }
        fields.set(name, Secret::new(value));
    }
    Ok(fields)
}

/// `CREDENTIALS_INPUT`, because of `why`.
pub(super) fn wrong(why: &str) -> Problem {
    let remedy = "give one `name = value` a line on standard input, or run the verb at a terminal, which asks for each";
    Problem::new(Code::CredentialsInput, format!("the credentials cannot be read: {why}"), remedy)
}

/// The person who stores them: `named`, else the login name on this host, else asked for at a terminal.
///
/// # Errors
/// `CREDENTIALS_INPUT` when nobody can be asked.
pub(super) fn person(named: Option<String>) -> Result<String, Problem> {
    let is_name = |name: &String| !name.trim().is_empty();
    if let Some(name) = named.filter(is_name) {
        return Ok(name.trim().to_owned());
    }
    let login = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(is_name));
    if let Some(login) = login {
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        return Ok(format!("{}@{}", login.trim(), host.trim()));
    }
    let unknown = |why: &str| {
        let sentence = format!("the person who stores the credentials is not known: {why}");
        Problem::new(Code::CredentialsInput, sentence, "give your name with `--by NAME`")
    };
    if !std::io::stdin().is_terminal() {
        return Err(unknown("there is no login name here"));
    }
    let term = Term::stderr();
    let name = term.write_str("your name, for the record: ").and_then(|()| term.read_line());
    name.ok().filter(is_name).map(|name| name.trim().to_owned()).ok_or_else(|| unknown("no name was given"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::kept::VISMA;

    #[test]
    fn lines_are_read_and_what_they_leave_out_stays() {
        let mut before = Fields::default();
        before.set("tenant_id", Secret::new("tenant"));
        let fields = parse("# Visma\n client_id = id\nclient_secret=\"a = b\"\n\n", &VISMA, &before).unwrap();
        let text = |name| fields.get(name).unwrap().expose().to_string();
        assert_eq!([text("client_id"), text("client_secret"), text("tenant_id")], ["id", "a = b", "tenant"]);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_never_repeated() {
        for text in ["hemmelig", "client_secert = hemmelig", "client_secret ="] {
            let problem = parse(&format!("client_id = id\n{text}"), &VISMA, &Fields::default()).unwrap_err();
            assert!(problem.sentence.contains("line 2") && !problem.to_string().contains("hemmelig"), "{problem}");
        }
    }
}
