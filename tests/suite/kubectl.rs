//! The YAML of Kubernetes objects is read as `kubectl` reads it.

use crate::support::cluster;
use crate::support::dice::Dice;
use anyhow::Result;
use cargo_kw_wasi::kubernetes::read_documents;
use cargo_kw_wasi::protocol::PolicyType;
use serde_json::Value;

/// The first document.
fn ours(text: &str) -> Result<Value> {
    read_documents(text)?.remove(0).into_object()
}

/// The documents that are not read as `kubectl` reads them.
#[track_caller]
fn assert_same(texts: &[String]) -> usize {
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (text, theirs) in texts.iter().zip(cluster::read_all(texts)) {
        refused += usize::from(theirs.is_err());
        match (ours(text), theirs) {
            (Ok(ours), Ok(theirs)) if cluster::same(&ours, &theirs) => {}
            (Err(_), Err(_)) => {}
            // A merge may replace the infinite number before `kubectl` notices it.
            (Err(error), Ok(_)) if text.contains("<<") && error.to_string().contains("infinite") => {}
            (ours, theirs) => wrong.push(format!("{text:?}\n  ours {ours:?}\n  theirs {theirs:?}")),
        }
    }
    let count = wrong.len();
    wrong.truncate(20);
    assert!(count == 0, "{count} of {}:\n{}", texts.len(), wrong.join("\n"));
    refused
}

#[test]
fn scalars_mean_the_same() {
    let scalars = [
        "0644",
        "0755",
        "00",
        "0",
        "-0",
        "08",
        "09.5",
        "0o17",
        "0O17",
        "0b101",
        "0B1",
        "0x1F",
        "0X1f",
        "-012",
        "-0x1F",
        "+12",
        "+0x1",
        "1_000",
        "1__0",
        "_1",
        "1_",
        "0_7",
        "0x_1",
        "1e3",
        "1E3",
        "1e+3",
        "1.5e-3",
        "1.0",
        "1.",
        ".5",
        "-.5",
        "+.5",
        "1.2.3",
        "1e",
        "e1",
        "0x",
        "0b2",
        "0o8",
        "1-2",
        "1:30",
        "190:20:30",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "yEs",
        "n",
        "N",
        "no",
        "No",
        "NO",
        "on",
        "On",
        "ON",
        "off",
        "Off",
        "OFF",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "false",
        "False",
        "FALSE",
        "null",
        "Null",
        "NULL",
        "~",
        "nULL",
        "''",
        "'0644'",
        "\"yes\"",
        "!!str 0644",
        "!!str yes",
        "18446744073709551615",
        "9223372036854775808",
        "-9223372036854775808",
        "-1_0",
        "1e400",
        "- 1",
        "--1",
        "+-1",
        "-",
        "+",
        "0.0",
        "-1.50",
        "100Mi",
        "1.5Gi",
        "<<",
        "=",
        "0xFFFFFFFFFFFFFFFF",
    ];
    let values = scalars.iter().map(|scalar| format!("a: {scalar}\n"));
    let keys = scalars.iter().map(|scalar| format!("{scalar} : a\n"));
    assert_same(&values.chain(keys).collect::<Vec<_>>());
}

#[test]
fn documents_mean_the_same() {
    let texts = [
        "a: &x 0755\nb: *x\nc: [*x, '0755']\n",
        "base: &b {a: 1, c: 2}\nd:\n  <<: *b\n  e: 3\ne:\n  <<: [*b, {z: 9}]\n",
        "base: &b {a: 1, c: 2}\nd:\n  a: 0\n  <<: *b\n  c: 3\n",
        "a: |\n  0644\nb: >-\n  yes\nc:\n  0644\nd:\n  'no'\n",
        "a: &x\n  0644\nb: *x\n",
        "a: 0644\r\nb: '0644'\r\n",
        "\"a\": 0644\n'b': \"0644\"\n",
        "[0644, \"0644\", {a: yes, b: 'yes'}]",
        "data: {no: a, 0644: b, 1.10: c}",
        "{0x1F: a, 1_000: b, 1e4: c, .5: d, -012: e, off: g, True: h}",
        "~: a",
        "null: a",
        "spec: {serial: 18446744073709551616}",
        "a: .inf",
        "a: .nan",
        "a: !Ref x",
        "a: !Ref [a, b]",
        "a: !GetAtt {a: b}",
        "a: ! 0644",
        "[!!int 0644, !!int \"0644\", !!bool yes, !!null \"\"]",
        "a: !!int x",
        "a: !!binary aGFsbG8=",
        "a: !!binary '?'",
        "a: !!float 1",
        "a: !!set {x, y}",
        "a: 1\n...\nb: [",
        "\"<<\": {a: 1}",
        "<<: 5",
        "? [a]\n: b",
        "a: \"\\x41\\u00e9\\t\"",
    ];
    assert_same(&texts.map(str::to_owned));
}

/// A document of up to three levels whose scalars, keys and tags are those that readers differ about.
fn generated(dice: &mut Dice, depth: usize) -> String {
    const SCALARS: &[&str] = &[
        "0644",
        "1.10",
        "0x1F",
        "1_000",
        "1e3",
        ".5",
        "-012",
        "1.0",
        "off",
        "True",
        "~",
        "null",
        "",
        "no",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "-9223372036854775809",
        ".inf",
        "-.INF",
        ".nan",
        "+12",
        "+0x1",
        "0b11",
        "0o17",
        "08",
        "-0",
        "-0.0",
        "1e400",
        "1e21",
        "1e20",
        "123456.5",
        "1234567.5",
        "0.00001",
        "2020-01-01",
        "1:30",
        "_1",
        "a b",
        "'0644'",
        "\"yes\"",
        "''",
        "|\n   0644",
        "\"a\\n\"",
        "é",
        "<<",
        "=",
        "y",
        "N",
        "0b-1",
        "1__0",
        "0x_f",
        "5.",
        "+.5",
        "- 1",
    ];
    const TAGS: &[&str] = &[
        "",
        "",
        "",
        "",
        "",
        "",
        "!Ref ",
        "! ",
        "!!str ",
        "!!int ",
        "!!float ",
        "!!bool ",
        "!!null ",
        "!!binary ",
        "!<tag:yaml.org,2002:int> ",
        "&x ",
        "&x !!int ",
        "!!str &x ",
    ];
    let scalar = |dice: &mut Dice| format!("{}{}", dice.pick(TAGS), dice.pick(SCALARS));
    let in_line = |dice: &mut Dice| scalar(dice).replace("|\n   0644", "x").replace("- 1", "y");
    match if depth == 3 { dice.roll(2) } else { dice.roll(6) } {
        0 | 1 => scalar(dice),
        2 => format!("[{}, {}]", in_line(dice), in_line(dice)),
        3 => format!("{{k: {}, {} : {}}}", in_line(dice), in_line(dice), in_line(dice)),
        _ => {
            let indent = "  ".repeat(depth);
            let mut text = String::new();
            for index in 0..=dice.roll(3) {
                let key = match dice.roll(6) {
                    0 | 1 => in_line(dice),
                    2 => "<<".to_owned(),
                    _ => format!("k{index}"),
                };
                let value = match dice.roll(8) {
                    0 => "*m".to_owned(),
                    1 => "{k1: x, z: 0644}".to_owned(),
                    2 => "[*m, {k0: x}] # note".to_owned(),
                    _ => generated(dice, depth + 1),
                };
                text += &format!("\n{indent}{key} : {value}");
            }
            text
        }
    }
}

#[test]
fn generated_documents_mean_the_same() {
    let mut dice = Dice::default();
    let texts: Vec<_> =
        (0..5000).map(|_| format!("m: &m {{k0: 1, no: 2}}\nv: {}\n", generated(&mut dice, 1))).collect();
    let refused = assert_same(&texts);
    assert!((500..4000).contains(&refused), "{refused}");
}

/// The objects of a file.
fn our_objects(file: &[u8]) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("file");
    std::fs::write(&path, file)?;
    let mut objects = Vec::new();
    for document in read_documents(&cargo_kw_wasi::fs::read_document(&path)?)? {
        objects.extend(PolicyType::Kubernetes.values_of(document)?);
    }
    Ok(Value::Array(objects))
}

#[test]
fn files_have_the_same_objects() {
    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","a":1.0}"#;
    const YAML: &str = "apiVersion: v1\nkind: Pod\n";
    let utf_16 = |unit: fn(u16) -> [u8; 2]| format!("\u{feff}{YAML}").encode_utf16().flat_map(unit).collect();
    let mut files: Vec<Vec<u8>> = vec![utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)];
    let list = |kind: &str, items: &str| format!("apiVersion: v1\nkind: {kind}\nitems: {items}\n");
    let texts = [
        "{apiVersion: v1, kind: Pod, metadata: {name: a}}".to_owned(),
        format!("{POD}{POD}"),
        format!("{POD}\n\n\n{POD}\n"),
        format!("{POD}\n---\n{YAML}"),
        format!("{POD}\n{YAML}"),
        format!("{POD} {POD} x"),
        format!("{POD} x"),
        format!("{POD}\nnull\n"),
        format!("# note\n{POD}\n{POD}"),
        format!("---\n{POD}\n---\n{POD}"),
        format!("\u{feff}{POD}"),
        format!("\u{feff}{YAML}"),
        format!("  \n {POD}"),
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",}".to_owned(),
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"a\":1e400}".to_owned(),
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"a\":18446744073709551615}".to_owned(),
        format!("{YAML}--- # note\n{YAML}---\n---\n"),
        format!("--- {POD}"),
        format!("{YAML}...\nb: ["),
        format!("{YAML}---\nb: ["),
        list("PodList", "[{metadata: {name: a}}]"),
        list("PodList", "null"),
        list("PodList", "{}"),
        list("PodList", "5"),
        list("PodList", "[]"),
        list("Pod", "[]"),
        list("Pod", "[{metadata: {name: a}}]"),
        list("WidgetList", "[{metadata: {name: a}}, {apiVersion: b/v2, kind: Gadget}]"),
        list("List", "[a]"),
        list("List", &format!("[{POD}, {POD}]")),
        "kind: List\nitems: [{apiVersion: v1, kind: Pod}]".to_owned(),
    ];
    files.extend(texts.map(String::into_bytes));
    for (file, theirs) in files.iter().zip(cluster::read_files(&files)) {
        let shown = String::from_utf8_lossy(file);
        match (our_objects(file), theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert!(cluster::same(&ours, &theirs), "{shown}: {ours}, theirs {theirs}")
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{shown}: {ours:?}, theirs {theirs:?}"),
        }
    }
}
