// Command tagboat builds, tags, pushes and bumps; see `tagboat --help`.
package main

import (
	"os"

	"github.com/seed-96940006/tagboat/internal/cli"
)

func main() { os.Exit(cli.Main()) }
