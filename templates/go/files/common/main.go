// A Kubewarden policy: a program that runs once for each request.
//
// Its only argument is validate or validate-settings. It reads JSON from standard input, and writes
// its answer to standard output.
package main

import "os"

func main() {
	os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, validate, Settings.check))
}
