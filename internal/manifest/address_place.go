package manifest

import (
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// said is a field of which an address or a marker says what it holds.
type said struct {
	scalar
	role role
	// image is the one that the field is of; no Repository where that cannot be told.
	image ref.Image
	// settled reports a name that is right, although it is not whole: its registry
	// stands elsewhere.
	settled bool
	// chosenBy are the values that the address chose items by.
	chosenBy []*yaml.Node
}

func (s said) text() scalar { return s.scalar }

func (s said) scalars() []scalar { return []scalar{s.scalar} }

func (s said) names() (ref.Image, error) { return s.image, nil }

func (s said) moves(to Target) ([]move, error) {
	old := s.old()
	value, err := s.role.value(old, to)
	if err != nil {
		return nil, below(s.path.String(), err)
	}
	if s.role == roleName && s.settled {
		value = old
	}
	return []move{{scalar: s.scalar, value: value}}, nil
}

// below is a fault that begins with what it is about.
func below(what string, err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return fault.New(f.Code, f.Hint, fmt.Errorf("%s: %w", what, f.Err))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// old is the value, "" for null.
func (s scalar) old() string {
	if s.null() {
		return ""
	}
	return s.value()
}

// fieldID is what tells one field of a file from the others: aliases bring one
// scalar to several.
type fieldID struct {
	node *yaml.Node
	path string
}

func (s scalar) id() fieldID { return fieldID{s.node, s.path.String()} }

// takeSaid takes the fields that are addressed or marked: the first to speak of
// one decides. Those of other images stay, whatever their shape says.
func (e *edit) takeSaid(s *source, all []said) {
	for _, field := range all {
		if s.said[field.id()] {
			continue
		}
		s.said[field.id()] = true
		if field.image.Repository == e.to.Image.Repository {
			s.places = append(s.places, field)
			s.renamed[field.id()] = field.role == roleName || field.role == roleImage
		} else {
			s.others = append(s.others, field)
		}
	}
}

// isRenamed reports a place that will name the image, since that is said of its name.
func (s source) isRenamed(p place) bool {
	return len(s.renamed) > 0 && s.renamed[p.text().id()]
}

// allSaid reports that of every value of a place, its name aside, is said what
// it holds.
func (s source) allSaid(p place) bool {
	var values []scalar
	switch p := p.(type) {
	case parts:
		values = []scalar{p.tag, p.digest}
	case entry:
		values = []scalar{p.newTag, p.digest}
	}
	times := 0
	for _, v := range values {
		switch {
		case v.node == nil:
		case !s.said[v.id()]:
			return false
		default:
			times++
		}
	}
	return times > 0
}

// addressed are the fields of a file that the target's addresses lead to.
func (e *edit) addressed(s source) (all []said) {
	by := map[fieldID]said{}
	for _, a := range e.fields[s.file] {
		field, stopped := a.find(s, e.to.Image.Repository)
		if stopped != nil {
			e.fault(s.file, stopped.line(), fault.New(stopped.code, stopped.hint(a), fmt.Errorf("field %q: %s", a, stopped.told())))
			continue
		}
		if other := s.ofAnother(field.scalar, field.role, e.to.Image.Repository); a.role == "" && other != "" {
			e.fault(s.file, field.line, fault.New("E_FIELD", fmt.Sprintf("if it is to become %s, say so: %s=%s", e.to.Image.Repository, a, field.role),
				fmt.Errorf("field %q: it is one of %s", a, other)))
			continue
		}
		field.image = e.to.Image
		field.settled = s.inParts(field.scalar, e.to.Image.Repository)
		if first, ok := by[field.id()]; ok && first.role != field.role {
			e.fault(s.file, field.line, fault.Newf("E_FIELD", "leave one of them out", "two addresses lead to %s, one for its %s and one for its %s", field.path, first.role, field.role))
		}
		by[field.id()] = field
		all = append(all, field)
	}
	return all
}

// find is the field that an address leads to.
func (a Address) find(s source, to ref.Repository) (said, *stop) {
	hops := a.hops()
	end, stopped := follow(s.yaml, spot{}, hops)
	if stopped != nil {
		return said{}, stopped
	}
	field := said{scalar: end.scalarAt(end.node, end.path, end.via), role: a.role, chosenBy: end.by}
	if field.node == nil {
		end = end.behindAlias()
		return said{}, &stop{code: "E_FIELD", at: end, text: end.where() + " is no single value: the address must lead to one", options: end.below()}
	}
	if field.role == "" {
		field.role = roleOf(hops[len(hops)-1].key, field.old(), to)
	}
	return field, nil
}

// ofAnother is the image that a field is of, if that is certain and it is not the
// one that is moved: an address that is one item off would put a stranger there.
// A name without its registry may be ours: charts have that elsewhere.
func (s source) ofAnother(field scalar, r role, to ref.Repository) string {
	other := func(image ref.Image, err error, whole bool) string {
		if err != nil || !whole || image.Repository == to {
			return ""
		}
		return image.Repository.String()
	}
	if _, value := assigned(field.old()); r == roleImage {
		image, err := ref.ParseImage(value)
		return other(image, err, hasDomain(value))
	}
	for _, p := range s.found.places {
		if !slices.ContainsFunc(p.scalars(), func(part scalar) bool { return part.node != nil && part.id() == field.id() }) {
			continue
		}
		image, err := p.names()
		group, _ := p.(parts)
		return other(image, err, hasDomain(p.text().value()) || group.registry != "")
	}
	return ""
}

// below are the hops that lead on from a mapping or a list.
func (s spot) below() (all []hop) {
	if s.node.Kind == yaml.SequenceNode {
		for i := range s.node.Content {
			all = append(all, hop{step: item(i)})
		}
		return all
	}
	for _, f := range s.fields(s.node) {
		all = append(all, hop{step: key(f.key)})
	}
	return all
}

// inParts reports a field that names a repository together with its registry, in
// a field of its own.
func (s source) inParts(field scalar, named ref.Repository) bool {
	return slices.ContainsFunc(s.found.places, func(p place) bool {
		group, ok := p.(parts)
		image, err := p.names()
		return ok && err == nil && image.Repository == named && group.name.id() == field.id()
	})
}
