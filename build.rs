//! Makes cargo rebuild the tool when a template is added or removed.

fn main() {
    println!("cargo::rerun-if-changed=templates");
}
