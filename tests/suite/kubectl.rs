//! The YAML of Kubernetes objects is read as `kubectl` reads it.

use crate::support::cluster;
use cargo_kw_wasi::kubernetes::{InputFormat, read_documents};
use serde_json::{Value, json};

fn ours(text: &str) -> Value {
    read_documents(text, InputFormat::Yaml).unwrap().remove(0).into_object()
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
    let texts: Vec<String> = scalars.iter().map(|scalar| format!("a: {scalar}\n")).collect();
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(cluster::read_all(&texts)) {
        let Ok(theirs) = theirs else { continue };
        if theirs != ours(text) {
            wrong.push(format!("{text}  ours {}, theirs {theirs}", ours(text)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn documents_mean_the_same() {
    let texts = [
        "a: &x 0755\nb: *x\nc: [*x, '0755']\n",
        "base: &b {a: 1, c: 2}\nd:\n  <<: *b\n  e: 3\ne:\n  <<: [*b, {z: 9}]\n",
        "a: |\n  0644\nb: >-\n  yes\nc:\n  0644\nd:\n  'no'\n",
        "a: &x\n  0644\nb: *x\n",
        "\u{feff}a: 0644\r\nb: '0644'\r\n",
        "\"a\": 0644\n'b': \"0644\"\n",
        "[0644, \"0644\", {a: yes, b: 'yes'}]",
    ];
    let texts = texts.map(str::to_owned);
    for (text, theirs) in texts.iter().zip(cluster::read_all(&texts)) {
        assert_eq!(ours(text), theirs.unwrap_or_else(|error| json!(error)), "{text}");
    }
}
