package render

import (
	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// identity is what makes an object the same before and after.
type identity struct{ apiVersion, kind, namespace, name string }

// String is Deployment shop/web.
func (id identity) String() string {
	if id.namespace == "" {
		return id.kind + " " + id.name
	}
	return id.kind + " " + id.namespace + "/" + id.name
}

type object struct {
	identity
	root *yaml.Node
}

func objectsOf(m resmap.ResMap) (all []object) {
	for _, r := range m.Resources() {
		all = append(all, object{identity{r.GetApiVersion(), r.GetKind(), r.GetNamespace(), r.GetName()}, r.YNode()})
	}
	return all
}

// hashForm is what kustomize adds to the names of what it generates.
var hashForm = pattern.New(`-[2-9bcdfghkmt]{10}$`)

// withoutHash is the identity that a generated object keeps when its content
// changes; false where the name carries no hash.
func (id identity) withoutHash() (identity, bool) {
	at := hashForm.Regexp().FindStringIndex(id.name)
	if at == nil || id.kind != "ConfigMap" && id.kind != "Secret" {
		return id, false
	}
	id.name = id.name[:at[0]]
	return id, true
}

// pair is an object before and after; root nil where there is none.
type pair struct{ old, new object }

// pairs puts together what is the same: by identity, or else by all of it but the
// hash of a name.
func pairs(was, is []object) (all []pair) {
	byIdentity := map[identity]object{}
	byStem := map[identity][]object{}
	for _, o := range is {
		byIdentity[o.identity] = o
	}
	var lost []object
	for _, o := range was {
		if n, ok := byIdentity[o.identity]; ok {
			all = append(all, pair{o, n})
			delete(byIdentity, o.identity)
		} else {
			lost = append(lost, o)
		}
	}
	for _, o := range is {
		if stem, hashed := o.withoutHash(); hashed && byIdentity[o.identity].root != nil {
			byStem[stem] = append(byStem[stem], o)
		}
	}
	for _, o := range lost {
		p := pair{old: o}
		if stem, hashed := o.withoutHash(); hashed && len(byStem[stem]) == 1 {
			p.new = byStem[stem][0]
			delete(byIdentity, p.new.identity)
			delete(byStem, stem)
		}
		all = append(all, p)
	}
	for _, o := range is {
		if byIdentity[o.identity].root != nil {
			all = append(all, pair{new: o})
		}
	}
	return all
}
