package cli

import (
	"errors"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/infra"
)

// commitInputs say how the change is written.
type commitInputs struct {
	CommitMessage string `group:"Commit" placeholder:"TEMPLATE" help:"What the commit's message begins with, as a Go template of .Name, .Image, .From, .To, .Environment, .Files and .Run. What is rendered and the trailers follow. Default: {{.Name}}: {{.From}} → {{.To}}"`
	Committer     string `group:"Commit" placeholder:"IDENTITY" help:"Author and committer, as Name <address>; GitHub signs no such commit. Default: the token's own identity, whose commits GitHub signs."`
	CoAuthor      bool   `group:"Commit" default:"true" negatable:"" help:"Name the person who triggered the run as co-author of the commit."`
	InfraDeadline string `group:"Commit" default:"5m" placeholder:"DURATION" help:"How long to try where others write at the same time, such as 90s or 10m."`
	Combine       string `group:"Commit" default:"one" enum:"one,each,off" help:"How runs that get into each other's way write together: in one commit, in one commit each, or not at all."`
}

func (in commitInputs) mistakes() error {
	_, wrong := in.author()
	_, tooShort := in.deadline()
	return errors.Join(wrong, tooShort, checkTemplate("commit-message", in.CommitMessage))
}

// author is who the commit is by; the zero value leaves it to the token.
func (in commitInputs) author() (infra.Identity, error) {
	if in.Committer == "" {
		return infra.Identity{}, nil
	}
	name, rest, _ := strings.Cut(in.Committer, "<")
	address, after, closed := strings.Cut(rest, ">")
	who := infra.Identity{Name: strings.TrimSpace(name), Email: address}
	if !closed || after != "" || who.Name == "" || !strings.Contains(address, "@") || strings.ContainsAny(in.Committer, "\n\r\x00") || strings.ContainsAny(address, "< \t") {
		return infra.Identity{}, fault.Newf("E_COMMIT_IDENTITY", "write a name and an address: Acme Deploy <deploy@acme.example>", "committer: %q is no identity", in.Committer)
	}
	return who, nil
}

// deadline is how long all attempts may take together.
func (in commitInputs) deadline() (time.Duration, error) {
	if in.InfraDeadline == "" { // a command without an infra repository
		return 0, nil
	}
	d, err := time.ParseDuration(in.InfraDeadline)
	if err != nil || d <= 0 {
		return 0, fault.Newf("E_INPUT", "write a time such as 90s, 5m or 1h", "infra-deadline: %q is no length of time", in.InfraDeadline)
	}
	return d, nil
}
