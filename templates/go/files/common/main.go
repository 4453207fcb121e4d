// A Kubewarden policy: a program that is started anew for each question.
//
// Its only argument is validate or validate-settings, standard input has the question as JSON, and
// the answer goes to standard output.
package main

import "os"

func main() {
	os.Exit(Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, validate, Settings.check))
}
