package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/near"
	"github.com/seed-96940006/tagboat/internal/report"
)

// asksForHelp are args as the parser knows them: `help ship` is `ship --help`, and
// who says nothing is helped, too.
func asksForHelp(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// unknownCommand is the error of args that name a command which is none.
func (p *parser) unknownCommand(args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return nil
	}
	var names, with []string // all commands, and those with an input of that name
	for _, node := range p.kong.Model.Leaves(false) {
		if node.Name == args[0] {
			return nil
		}
		names = append(names, node.Name)
		if slices.ContainsFunc(node.Flags, func(f *kong.Flag) bool { return f.Name == args[0] }) {
			with = append(with, node.Name)
		}
	}
	hint := "see `tagboat --help`"
	if likely := near.Likely(args[0], names); likely != "" {
		hint = fmt.Sprintf("did you mean `tagboat %s`?", likely)
	} else if len(with) > 0 {
		hint = fmt.Sprintf("it is an input of %s: `tagboat %s --help`", enumerated(with), with[0])
	}
	return fault.Newf("E_COMMAND_UNKNOWN", hint, "there is no command %q", args[0])
}

// enumerated are names in a sentence: a, b and c.
func enumerated(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// unknownInput is the error of an input that an action does not have.
func (p *parser) unknownInput(command, name string, allowed []string) error {
	hint := "all inputs: " + p.pageOf(command)
	if likely := near.Likely(name, allowed); likely != "" {
		hint = fmt.Sprintf("did you mean %q? All inputs: %s", likely, p.pageOf(command))
	}
	return fault.Newf("E_INPUT_UNKNOWN", hint, "%s has no input %q", command, name)
}

// pageOf is where the inputs of a command are told: of an action its page.
func (p *parser) pageOf(command string) string {
	if p.inputs != nil && outputNames[command] != nil {
		return report.Home + "/blob/main/actions/" + command + "/README.md#inputs"
	}
	return fmt.Sprintf("`tagboat %s --help`", command)
}

// The inputs that a value without a flag is mostly meant for.
var meant = map[string]string{"resolve": "image", "exists": "image", "list": "image", "bump": "deploy-ref", "promote": "from", "login": "registries"}

// inputError gives kong's errors a code; its text already says what is wrong.
func inputError(err error) error {
	if len(fault.All(err)) > 0 && fault.Code(err) != "E_UNEXPECTED" {
		return err
	}
	code, hint := "E_INPUT", "see `tagboat --help`"
	if parsed, ok := errors.AsType[*kong.ParseError](err); ok && parsed.Context.Selected() != nil {
		hint = fmt.Sprintf("see `tagboat %s --help`", parsed.Context.Selected().Name)
		if value, ok := strings.CutPrefix(err.Error(), "unexpected argument "); ok {
			hint = withFlag(parsed.Context, value, hint)
		}
	}
	if flag, ok := strings.CutPrefix(err.Error(), "unknown flag "); ok {
		code = "E_INPUT_UNKNOWN"
		if flag, _, _ = strings.Cut(flag, ","); strings.EqualFold(flag, "-v") { // nothing but -h is near to it
			err, hint = fmt.Errorf("unknown flag %s", flag), "`tagboat --version` prints the version; "+hint
		}
	}
	return fault.New(code, hint, err)
}

// withFlag is the hint to write a flag before a value: which one, where nothing else
// can be meant.
func withFlag(ctx *kong.Context, value, help string) string {
	command := ctx.Selected().Name
	flag := meant[command]
	begins := func(with string) bool {
		return slices.ContainsFunc(ctx.Args, func(arg string) bool { return strings.HasPrefix(arg, with) })
	}
	value, _, _ = strings.Cut(value, ", did you mean")
	switch {
	case flag != "" && !begins("-"):
		return fmt.Sprintf("write `tagboat %s --%s %s`", command, flag, value)
	case flag == "image" && !begins("--image"):
		return fmt.Sprintf("write `--%s %s`; %s", flag, value, help)
	}
	return "write a flag before every value, also before the second one of a list; " + help
}
