use std::collections::BTreeMap;
use std::time::Duration;

use problem::Code;
use serde::Deserialize;

use super::{Sources, Span, nearest_known};

const DEFAULT: &str = r#"
[poll]
interval = "2m"
page-size = 100
stores = []
[vendor]
client_secret = ""
tokens = [{ access_token = "" }]
"#;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Poll {
    interval: Span,
    page_size: u32,
    stores: Vec<u64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct All {
    poll: Poll,
    vendor: toml::Table,
}

fn sources(environment: &[(&str, &str)]) -> Sources<'static> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { default: DEFAULT, file: None, environment }
}

fn poll(environment: &[(&str, &str)]) -> Poll {
    sources(environment).load::<All>().unwrap().poll
}

#[test]
fn variables_win_over_the_default_and_name_keys_as_shells_can() {
    assert_eq!(poll(&[]), Poll { interval: Span(Duration::from_secs(120)), page_size: 100, stores: vec![] });
    assert_eq!(poll(&[("ML__POLL__INTERVAL", "90s")]).interval.0, Duration::from_secs(90));
    assert_eq!(poll(&[("ML__POLL__PAGE_SIZE", "7")]).page_size, 7, "a hyphen as an underscore");
    assert_eq!(poll(&[("ML__POLL__PAGE-SIZE", "8")]).page_size, 8);
    for (text, stores) in [("", vec![]), ("3", vec![3]), (" 1, 2 ,", vec![1, 2])] {
        assert_eq!(poll(&[("ML__POLL__STORES", text)]).stores, stores);
    }
    // What is not ours is left alone.
    assert_eq!(poll(&[("ML_POLL__INTERVAL", "1s"), ("PATH", "x"), ("ml__poll__interval", "1s")]), poll(&[]));
}

#[test]
fn a_variable_for_no_key_is_refused() {
    for name in ["ML__POLL__INTERVALL", "ML__POL__INTERVAL", "ML__INTERVAL"] {
        let problem = sources(&[(name, "1s")]).load::<All>().unwrap_err();
        assert_eq!(problem.code, Code::SettingsInvalid, "{problem}");
    }
    let problem = sources(&[("ML__POLL__INTERVALL", "1s")]).load::<All>().unwrap_err();
    assert!(problem.remedy.contains("`interval`"), "{problem}");
}

#[test]
fn a_variable_can_name_the_file_that_holds_the_value() {
    let file = std::env::temp_dir().join(format!("ml-settings-{}", std::process::id()));
    std::fs::write(&file, "45s\n").unwrap();
    let path = file.to_str().unwrap();
    let interval = |environment: &[(&str, &str)]| poll(environment).interval.0;
    assert_eq!(interval(&[("ML__POLL__INTERVAL_FILE", path)]), Duration::from_secs(45));
    assert_eq!(interval(&[("ML__POLL__INTERVAL_FILE", path), ("ML__POLL__INTERVAL", "1s")]), Duration::from_secs(45));
    assert_eq!(interval(&[("ML__POLL__INTERVAL_FILE", "")]), Duration::from_secs(120), "no file is named");
    // A key that ends so by itself keeps the path, and a key that is not known is no better for it.
    let ends_so =
        Sources { default: "[vault]\nkey = \"\"\nkey_file = \"\"", ..sources(&[("ML__VAULT__KEY_FILE", path)]) };
    assert_eq!(ends_so.load::<toml::Table>().unwrap()["vault"]["key_file"].as_str(), Some(path));
    let problem = sources(&[("ML__POLL__NO_SUCH_KEY_FILE", path)]).load::<All>().unwrap_err();
    assert_eq!(problem.code, Code::SettingsInvalid, "{problem}");
    std::fs::remove_file(&file).unwrap();
    let problem = sources(&[("ML__POLL__INTERVAL_FILE", path)]).load::<All>().unwrap_err();
    assert!(
        problem.code == Code::SettingsUnreadable && problem.sentence.contains("ML__POLL__INTERVAL_FILE"),
        "{problem}"
    );
}

#[test]
fn the_nearest_known_key_is_named_when_one_is_near() {
    let message = |unknown: &str| format!("unknown field `{unknown}`, expected one of `go_live`, `stores`, `websites`");
    assert_eq!(nearest_known(&message("golive")).as_deref(), Some("go_live"));
    assert_eq!(nearest_known(&message("website")).as_deref(), Some("websites"));
    assert_eq!(nearest_known(&message("xyzzy")), None);
    assert_eq!(nearest_known("invalid type: string \"x\", expected u64"), None);
    assert_eq!(nearest_known("unknown field `x`, there are no fields"), None);
}

#[test]
fn secrets_are_masked_at_every_depth_and_unset_ones_seen_to_be() {
    let nested = r#"
[vendor]
client_secret = "hidden"
consumer_key = "shown"
empty_secret = ""
tokens = [{ access_token = "hidden", name = "shown" }]
"#;
    let sources = Sources { default: nested, file: None, environment: BTreeMap::new() };
    let masked = sources.whole().unwrap().common.masked().unwrap();
    let vendor = &masked["vendor"];
    assert_eq!(vendor["client_secret"].as_str(), Some("********"));
    assert_eq!(vendor["empty_secret"].as_str(), Some(""));
    assert_eq!(vendor["consumer_key"].as_str(), Some("shown"));
    assert_eq!(vendor["tokens"][0]["access_token"].as_str(), Some("********"));
    assert_eq!(vendor["tokens"][0]["name"].as_str(), Some("shown"));
}

#[test]
fn lengths_of_time_are_read_as_people_write_them() {
    let span = |text: &str| poll_of(text).map(|span| span.0);
    assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(span("1h 30m"), Ok(Duration::from_secs(5400)));
    assert_eq!(span("2d"), Ok(Duration::from_secs(172_800)));
    assert_eq!(span("PT10M"), Ok(Duration::from_secs(600)));
    assert_eq!(span("0s"), Ok(Duration::ZERO));
    for wrong in ["", "5", "soon", "1.5.2s"] {
        assert!(span(wrong).unwrap_err().contains("is no length of time"), "{wrong}");
    }
    assert!(span("-5s").unwrap_err().contains("must not be negative"));
}

fn poll_of(interval: &str) -> Result<Span, String> {
    let all = sources(&[("ML__POLL__INTERVAL", interval)]).load::<All>();
    all.map(|all| all.poll.interval).map_err(|problem| problem.sentence)
}

#[test]
fn a_wrong_word_is_told_with_the_right_ones() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum How {
        Once,
        TwiceADay,
    }
    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only whether it can be read is asked")]
    struct When {
        how: How,
        times: u32,
        often: bool,
    }
    let load = |how: &str| {
        let default = "how = \"once\"\ntimes = 1\noften = false\n";
        let environment = [("ML__HOW", how), ("ML__TIMES", "2"), ("ML__OFTEN", "true")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Sources { default, file: None, environment }.load::<When>()
    };
    let read = load("twice_a_day").unwrap();
    assert!(matches!(read.how, How::TwiceADay) && read.times == 2 && read.often);
    assert!(matches!(load("once").unwrap().how, How::Once));
    let problem = load("thrice").unwrap_err();
    assert!(problem.sentence.starts_with("how: \"thrice\" is none of \"once\", \"twice_a_day\""), "{problem}");
}

#[test]
fn a_password_in_an_address_is_masked() {
    for (address, shown) in [
        ("nats://me:se@cret@host:4222,nats://other:4222", "nats://********@host:4222,nats://other:4222"),
        ("https://me:secret@shop.example.com/rest/a@b", "https://********@shop.example.com/rest/a@b"),
        ("https://shop.example.com/rest/a@b", "https://shop.example.com/rest/a@b"),
    ] {
        assert_eq!(super::without_user(address), shown);
    }
}
