package main

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/cli"
)

// actionInputs are the inputs of an action.yml.
func actionInputs(c cli.Command) string {
	var b strings.Builder
	for _, in := range c.Inputs {
		fmt.Fprintf(&b, "  %s:\n    description: %s\n", in.Name, yamlString(help(in)))
		if in.Required {
			b.WriteString("    required: true\n")
		}
		if in.Default != "" {
			fmt.Fprintf(&b, "    default: %s\n", yamlString(in.Default))
		}
	}
	return b.String()
}

// actionOutputs are the outputs of an action.yml, whose step is called run.
func actionOutputs(c cli.Command) string {
	var b strings.Builder
	for _, out := range c.Outputs {
		fmt.Fprintf(&b, "  %s:\n    description: %s\n    value: ${{ steps.run.outputs.%s }}\n", out.Name, yamlString(out.Help), out.Name)
	}
	return b.String()
}

func help(in cli.Input) string {
	text := in.Help
	if len(in.Allowed) > 0 {
		text += " One of " + strings.Join(in.Allowed, ", ") + "."
	}
	return text
}

// yamlString is a single-quoted scalar: every text of one line has that form.
func yamlString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// inputTable is the table of a README.
func inputTable(c cli.Command) string {
	var b strings.Builder
	b.WriteString("| input | what it is | default |\n|---|---|---|\n")
	for _, in := range c.Inputs {
		standard := "–"
		switch {
		case in.Required:
			standard = "**required**"
		case in.Default != "":
			standard = "`" + in.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", in.Name, cell(help(in)), standard)
	}
	return b.String()
}

// outputTable is the table of a README.
func outputTable(c cli.Command) string {
	var b strings.Builder
	b.WriteString("| output | what it is |\n|---|---|\n")
	for _, out := range c.Outputs {
		fmt.Fprintf(&b, "| `%s` | %s |\n", out.Name, cell(out.Help))
	}
	return b.String()
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(s)
}
