//! A template that is added or removed is noticed by the next build of the tool.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
