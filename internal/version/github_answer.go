package version

import (
	"strings"
	"time"
)

// The answers, as far as they are asked for.

// commitAnswer is an object: a commit, or one that has neither a date nor a history.
type commitAnswer struct {
	OID           string
	CommittedDate time.Time
	History       struct{ Nodes []struct{ OID string } } // begins with the commit itself
	Parents       struct{ Nodes []struct{ OID string } } // the first; of the scope's commit alone
	All           struct{ TotalCount int }               // of it and its ancestors; of the scope's commit alone
	Target        *commitAnswer                          // of an annotated tag
}

// peeled is what an annotated tag was put on.
func (c commitAnswer) peeled() commitAnswer {
	for c.Target != nil {
		c = *c.Target
	}
	return c
}

// line is the ancestors that were told; nil where none were asked for.
func (c commitAnswer) line() []string {
	if len(c.History.Nodes) == 0 {
		return nil
	}
	line := make([]string, 0, len(c.History.Nodes)-1)
	for _, n := range c.History.Nodes {
		if n.OID != c.OID {
			line = append(line, n.OID)
		}
	}
	return line
}

// place is where the commit stands, if that was asked for.
func (c commitAnswer) place() (p Place, told bool) {
	if len(c.Parents.Nodes) > 0 {
		p.Parent = c.Parents.Nodes[0].OID
	}
	p.Depth = c.All.TotalCount
	return p, p.Depth > 0
}

// refAnswer is one of the refs of a folder.
type refAnswer struct {
	Prefix, Name string
	Target       commitAnswer
}

// in is the full name of a ref of this folder. GitHub's names may be what follows
// the folder, or what follows the prefix that it tells.
func (r refAnswer) in(folder string) string {
	if whole := r.Prefix + r.Name; strings.HasPrefix(whole, folder) {
		return whole
	}
	return folder + r.Name
}

// refsAnswer is a page of a folder.
type refsAnswer struct {
	PageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
	Nodes []refAnswer
}

// since is the oldest date of a page whose dates fall; what follows is older. Where
// they do not fall it is not known.
func (a refsAnswer) since() (oldest time.Time, known bool) {
	for i, n := range a.Nodes {
		date := n.Target.peeled().CommittedDate
		if date.IsZero() || i > 0 && date.After(oldest) {
			return time.Time{}, false
		}
		oldest = date
	}
	return oldest, len(a.Nodes) > 0
}
