package render

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// judge tells the changes that are meant from all others.
type judge struct {
	image ref.Image
	meant map[move]bool
}

// move is a word that becomes another one.
type move struct{ old, new string }

func newJudge(want Want) judge {
	j := judge{want.Image, map[move]bool{}}
	for _, c := range want.Changes {
		if c.Old != c.New {
			j.meant[move{c.Old, c.New}] = true
		}
	}
	return j
}

// compare gives the changes that are meant, and tells what else differs.
func (j judge) compare(was, is []object) (changes []Change, elsewhere []string) {
	all := pairs(was, is)
	renamed := map[move]bool{} // by the hash of a content that is judged where it is
	for _, p := range all {
		if p.old.root != nil && p.new.root != nil && p.old.name != p.new.name {
			renamed[move{p.old.name, p.new.name}] = true
		}
	}
	for _, p := range all {
		switch {
		case p.new.root == nil:
			elsewhere = append(elsewhere, p.old.String()+" vanishes")
			continue
		case p.old.root == nil:
			elsewhere = append(elsewhere, p.new.String()+" appears")
			continue
		}
		for _, d := range differences(p.old.root, p.new.root) {
			moves, ok := j.moves(d, p.new.kind == "Secret", renamed)
			if !ok {
				elsewhere = append(elsewhere, p.new.String()+", "+d.describe(p.new.kind == "Secret"))
			}
			for _, m := range moves {
				changes = append(changes, Change{Object: p.new.String(), Field: d.field, Old: m.old, New: m.new})
			}
		}
	}
	return changes, elsewhere
}

// words are what references, tags and digests are made of. Whatever stands
// between them, in arguments, JSON or a file of values, must stay.
var words = pattern.New(`[A-Za-z0-9._/:@+-]+`)

// moves are the words that differ, if each of them is meant to.
func (j judge) moves(d difference, secret bool, renamed map[move]bool) (all []move, ok bool) {
	if d.old == nil || d.new == nil || d.old.Kind != yaml.ScalarNode || d.new.Kind != yaml.ScalarNode {
		return nil, false
	}
	old, new := d.old.Value, d.new.Value
	if secret && strings.HasPrefix(d.field, ".data.") {
		old, new = decoded(old), decoded(new)
	}
	m := move{old, new}
	if j.means(m) || renamed[m] {
		return []move{m}, true
	}
	was, is := words.Regexp().FindAllString(old, -1), words.Regexp().FindAllString(new, -1)
	if len(was) != len(is) || !slices.Equal(words.Regexp().Split(old, -1), words.Regexp().Split(new, -1)) {
		return nil, false
	}
	for i := range was {
		m := move{was[i], is[i]}
		switch {
		case m.old == m.new:
		case !j.means(m) && !renamed[m]:
			return nil, false
		case !slices.Contains(all, m):
			all = append(all, m)
		}
	}
	return all, len(all) > 0 // a text of the same words may have become a number
}

// means reports a move that is one of the edits, or that of a reference to the
// image which ends at what the image is wanted to be.
func (j judge) means(m move) bool {
	if j.meant[m] {
		return true
	}
	old, err := ref.ParseImage(m.old)
	if err != nil || old.Repository != j.image.Repository {
		return false
	}
	new, err := ref.ParseImage(m.new)
	return err == nil && new.Repository == j.image.Repository && new != ref.Image{Repository: new.Repository} &&
		(new.Tag == "" || new.Tag == j.image.Tag) && (new.Digest == "" || new.Digest == j.image.Digest)
}

// decoded is a value of a Secret.
func decoded(value string) string {
	if plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), "")); err == nil {
		return string(plain)
	}
	return value
}

// describe tells the difference; what a Secret holds is not told.
func (d difference) describe(secret bool) string {
	old, new := inShort(d.old, d.new), inShort(d.new, d.old)
	if secret && !strings.HasPrefix(d.field, ".metadata") {
		old, new = "a secret", "another one"
	}
	return fmt.Sprintf("%s: %s becomes %s", d.field, old, new)
}

// inShort tells a value, without the lines at either end that other has, too.
func inShort(n, other *yaml.Node) string {
	switch {
	case n == nil:
		return "nothing"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() != "!!str":
		return shorten(n.Value)
	}
	lines := strings.Split(n.Value, "\n")
	if other != nil && other.Kind == yaml.ScalarNode {
		others := strings.Split(other.Value, "\n")
		for len(lines) > 1 && len(others) > 1 && lines[0] == others[0] {
			lines, others = lines[1:], others[1:]
		}
		for len(lines) > 1 && len(others) > 1 && lines[len(lines)-1] == others[len(others)-1] {
			lines, others = lines[:len(lines)-1], others[:len(others)-1]
		}
	}
	return strconv.Quote(shorten(strings.Join(lines, "\n")))
}
