// Command generate writes the parts of the actions and the documentation that
// come from the commands' structs: inputs and outputs. It replaces what stands
// between markers and fails where a marker is missing.
//
//	go run ./internal/generate          # write
//	go run ./internal/generate -check   # fail if anything is stale
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file is stale")
	root := flag.String("root", ".", "folder of the project")
	flag.Parse()
	stale, err := Generate(*root, !*check)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if *check && len(stale) > 0 {
		fmt.Fprintln(os.Stderr, "stale, run `make generate`:", stale)
		os.Exit(1)
	}
}
