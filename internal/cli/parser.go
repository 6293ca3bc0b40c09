package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

// parser reads inputs from flags, from the action's inputs and, for secrets,
// from the environment. It takes over from kong what must be told all at once:
// what is missing, what is unknown, and what is none of the allowed values.
type parser struct {
	app    *app
	kong   *kong.Kong
	inputs map[string]string // of the action, by name; nil outside of one
	rules  map[*kong.Flag]rule
}

// rule is what an input must be.
type rule struct {
	required bool
	allowed  []string // empty: anything
}

// newParser builds the parser of the command that args ask for. It fails where
// the action's inputs cannot be read.
func newParser(a *app, args []string) (*parser, error) {
	p := &parser{app: a, rules: map[*kong.Flag]rule{}}
	if text := a.world.Getenv("INPUTS"); text != "" && a.InActions {
		if err := json.Unmarshal([]byte(text), &p.inputs); err != nil {
			return nil, usage(fault.New("E_INPUT", "the action's run step has `INPUTS: ${{ toJSON(inputs) }}` in its env", fmt.Errorf("INPUTS: %w", err)))
		}
	}
	var err error
	p.kong, err = newGrammar(a, grammarFor(args), kong.Resolvers(p))
	return p, err
}

// grammarFor is a pointer to the part of the grammar that args need: to read the
// inputs of all commands takes longer than many a command does.
func grammarFor(args []string) any {
	whole := reflect.TypeFor[grammar]()
	var part []reflect.StructField
	asked := false
	for i := range whole.NumField() {
		field := whole.Field(i)
		_, isCommand := field.Tag.Lookup("cmd")
		if !isCommand || len(args) > 0 && strings.ToLower(field.Name) == args[0] {
			part = append(part, field)
			asked = asked || isCommand
		}
	}
	if !asked && !slices.Equal(args, []string{"--version"}) {
		return &grammar{}
	}
	return reflect.New(reflect.StructOf(part)).Interface()
}

// newGrammar builds the command line as kong knows it, with every rule in place.
func newGrammar(a *app, commands any, more ...kong.Option) (*kong.Kong, error) {
	k, err := kong.New(commands, append(more,
		kong.Name("tagboat"),
		kong.Description("Builds an image, tags it, pushes it, and writes its reference into the infra repository.\n\n"+
			"`tagboat demo` plays it all on this machine; `tagboat ship --help` explains the main job."),
		kong.Vars{"version": "tagboat " + ownVersion()},
		kong.Writers(a.world.Stdout, a.world.Stderr),
		kong.Exit(func(code int) { panic(stop(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ValueFormatter(helpText),
		kong.TypeMapper(reflect.TypeFor[Secret](), kong.MapperFunc(decodeSecret)),
		kong.TypeMapper(reflect.TypeFor[Logins](), kong.MapperFunc(decodeSecret)),
	)...)
	if err != nil {
		return nil, err
	}
	for _, node := range k.Model.Leaves(false) {
		command, ok := node.Target.Addr().Interface().(interface{ alsoRequired() []string })
		for _, flag := range node.Flags {
			if ok && slices.Contains(command.alsoRequired(), flag.Name) {
				flag.Required = true
			}
		}
	}
	return k, nil
}

// parse reads args and binds the inputs of the command that they name. It
// reports every mistake at once.
func (p *parser) parse(args []string) (*kong.Context, error) {
	if err := p.unknownCommand(args); err != nil {
		return nil, err
	}
	if !slices.Contains(args, "--help") && !slices.Contains(args, "-h") { // help tells the rules; everything else is held to them here
		p.takeRules()
	}
	ctx, err := p.kong.Parse(args)
	if err != nil {
		return nil, inputError(err)
	}
	splitLines(ctx.Selected().Flags)
	err = errors.Join(p.check(ctx), p.unknown(ctx))
	if command, ok := ctx.Selected().Target.Addr().Interface().(interface{ mistakes() error }); ok {
		err = errors.Join(err, command.mistakes())
	}
	return ctx, err
}

// takeRules takes from kong what it would stop at one by one.
func (p *parser) takeRules() {
	for _, node := range p.kong.Model.Leaves(false) {
		for _, flag := range node.Flags {
			r := rule{required: flag.Required}
			if flag.Enum != "" {
				r.allowed = flag.EnumSlice()
			}
			p.rules[flag] = r
			flag.Required, flag.Enum, flag.Tag.Enum = false, "", ""
		}
	}
}

// check holds the inputs of the selected command to their rules.
func (p *parser) check(ctx *kong.Context) error {
	var missing []string
	var errs []error
	for _, flag := range ctx.Selected().Flags {
		r, value := p.rules[flag], flag.Target
		if r.required && value.IsZero() {
			missing = append(missing, p.say(flag.Name))
		}
		if given := p.inputs[flag.Name]; flag.IsBool() && given != "" && given != "true" && given != "false" {
			errs = append(errs, fault.Newf("E_INPUT", "one of true, false", "%s cannot be %q", p.say(flag.Name), given))
		}
		if len(r.allowed) > 0 && !slices.Contains(r.allowed, value.String()) {
			errs = append(errs, fault.Newf("E_INPUT", "one of "+strings.Join(r.allowed, ", "),
				"%s cannot be %q", p.say(flag.Name), value.String()))
		}
	}
	if len(missing) > 0 {
		errs = append([]error{fault.Newf("E_INPUT_MISSING", "see "+p.pageOf(ctx.Selected().Name),
			"missing: %s", strings.Join(missing, ", "))}, errs...)
	}
	return errors.Join(errs...)
}

// unknown finds inputs of the action that the command does not have.
func (p *parser) unknown(ctx *kong.Context) error {
	var known []string
	for _, flag := range ctx.Selected().Flags {
		if !flag.Tag.Has("cli") {
			known = append(known, flag.Name)
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.inputs)) {
		if !slices.Contains(known, name) {
			errs = append(errs, p.unknownInput(ctx.Selected().Name, name, known))
		}
	}
	return errors.Join(errs...)
}

// say names an input as whoever gave it knows it.
func (p *parser) say(name string) string {
	if p.inputs != nil {
		return fmt.Sprintf("input %q", name)
	}
	return "--" + name
}

// Validate is kong's: inputs are validated once they are bound.
func (p *parser) Validate(*kong.Application) error { return nil }

// Resolve gives a flag that was not given its value from the action's inputs, or
// from the environment if it is a secret. An empty input is one that was not
// given: the runner cannot tell them apart either.
func (p *parser) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value := p.inputs[flag.Name]
	if isSecret(flag.Target.Type()) {
		if value == "" {
			value = p.app.world.Getenv(secretVariable(flag.Name))
		}
		value = strings.TrimSpace(value) // tokens out of files end in a newline
		p.app.Mask(passwords(flag.Target.Type(), value)...)
		return resolvedSecret(value), nil
	}
	switch {
	case strings.TrimSpace(value) == "" || flag.Tag.Has("cli"):
		return nil, nil
	case flag.IsSlice():
		return lines(value), nil
	case flag.IsBool():
		return value == "true", nil // check tells what is neither
	}
	return value, nil
}

// lines are the lines of a multi-line input, without the empty ones.
func lines(text string) []any {
	var all []any
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// isSecret reports whether no flag takes values of this type.
func isSecret(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[Logins]()
}

// passwords are what is masked of a secret: all of it, but of logins that can be
// read the passwords alone.
func passwords(t reflect.Type, value string) (all []string) {
	if t == reflect.TypeFor[Logins]() {
		auths, err := login.ParseAuths(value)
		if err == nil {
			for _, auth := range auths {
				all = append(all, auth.Password)
			}
			return all
		}
	}
	return []string{value}
}

func secretVariable(name string) string {
	return "TAGBOAT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// resolvedSecret is a secret that came by a way on which nobody else sees it.
type resolvedSecret string

// decodeSecret refuses a secret that stands in the arguments, where every
// process of the machine can read it.
func decodeSecret(ctx *kong.DecodeContext, target reflect.Value) error {
	token := ctx.Scan.Pop()
	secret, ok := token.Value.(resolvedSecret)
	if !ok {
		return fault.Newf("E_SECRET_IN_ARGS", "set "+secretVariable(ctx.Value.Name)+" in the environment",
			"it is a secret, and arguments are seen by every process of this machine")
	}
	target.SetString(string(secret))
	return nil
}

// splitLines makes one value of every line of a list that was given as a flag, so
// that a list of a workflow can be pasted. A single line stays as it is, empty or
// not: whoever reads it says what is wrong with it.
func splitLines(flags []*kong.Flag) {
	for _, flag := range flags {
		given, ok := flag.Target.Interface().([]string)
		if !ok {
			continue
		}
		var all []string
		for _, value := range given {
			if !strings.Contains(value, "\n") {
				all = append(all, value)
				continue
			}
			for _, line := range lines(value) {
				all = append(all, line.(string))
			}
		}
		flag.Target.Set(reflect.ValueOf(all))
	}
}
