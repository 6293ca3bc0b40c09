package cli

import (
	"io"
	"time"

	"github.com/alecthomas/kong"

	"github.com/seed-96940006/tagboat/internal/runner"
)

// Command is a command as its action and its documentation show it.
type Command struct {
	Name    string
	Help    string // one sentence
	Inputs  []Input
	Outputs []Named
}

// Input is one input of an action.
type Input struct {
	Named
	Default  string // as action.yml has it; "" where there is none
	Required bool
	List     bool // one value a line
	Allowed  []string
	Secret   bool
}

// Named is a name with its help.
type Named struct{ Name, Help string }

// Commands describes all commands, from the structs that are their inputs.
func Commands() ([]Command, error) {
	nowhere := World{Getenv: func(string) string { return "" }, Stdout: io.Discard, Stderr: io.Discard, Now: time.Now}
	k, err := newGrammar(&app{Runner: runner.New(nowhere.Getenv, io.Discard, io.Discard), world: nowhere}, &grammar{})
	if err != nil {
		return nil, err
	}
	var all []Command
	for _, node := range k.Model.Leaves(true) {
		c := Command{Name: node.Name, Help: node.Help}
		for _, flag := range node.Flags {
			if !flag.Tag.Has("cli") {
				c.Inputs = append(c.Inputs, describe(flag))
			}
		}
		for _, o := range outputsOf(node.Name) {
			c.Outputs = append(c.Outputs, Named{o.name, o.help})
		}
		all = append(all, c)
	}
	return all, nil
}

func describe(flag *kong.Flag) Input {
	in := Input{
		Named: Named{flag.Name, flag.Help}, Default: flag.Default, Required: flag.Required,
		List: flag.IsSlice(), Secret: isSecret(flag.Target.Type()),
	}
	if flag.Enum != "" {
		in.Allowed = flag.EnumSlice()
	}
	if d := flag.Tag.Get("action-default"); d != "" {
		in.Default = d
	}
	if flag.IsBool() && in.Default == "" {
		in.Default = "false"
	}
	return in
}
