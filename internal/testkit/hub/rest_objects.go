package hub

import (
	"encoding/base64"
	"net/http"
	"strings"
)

func (c *call) postBlob() *answer {
	f, bad := c.form(field{"content", "string", true}, field{"encoding", "string", false})
	if bad != nil {
		return bad
	}
	if c.repo.empty() {
		return c.fail(http.StatusConflict, saysEmpty)
	}
	data := []byte(f.text("content"))
	if f.text("encoding") == "base64" {
		data = lenient(f.text("content"))
	}
	if len(data) > 40<<20 {
		return c.invalid("Sorry, your input was too large to process. Consider creating the blob in a local clone of the repository and then pushing it to GitHub.")
	}
	oid := c.repo.store.put(kindBlob, data)
	return reply(http.StatusCreated, map[string]any{"sha": oid, "url": c.url("/git/blobs/%s", oid)})
}

// lenient decodes base64 as Ruby's Base64.decode64 does: what is no letter of it is
// passed over, and an end that lacks something is left out.
func lenient(s string) []byte {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/' {
			return r
		}
		return -1
	}, s)
	if len(s)%4 == 1 {
		s = s[:len(s)-1]
	}
	data, _ := base64.RawStdEncoding.DecodeString(s)
	return data
}

// lined is base64 in lines of 60, each with its end.
func lined(data []byte) string {
	s := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(s) > 0 {
		n := min(60, len(s))
		b.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return b.String()
}

// raw reports whether the bytes themselves are asked for.
func (c *call) raw() bool {
	accept := c.Header.Get("Accept")
	return strings.Contains(accept, "raw")
}

func bytesAnswer(data []byte) *answer {
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/vnd.github.raw+json; charset=utf-8"}}, body: data}
}

func (c *call) getBlob() *answer {
	oid := c.values["sha"]
	if !isOID(oid) {
		return c.badSHA("file_sha")
	}
	o, _ := c.repo.store.get(oid)
	if o.kind != kindBlob {
		return c.notFound()
	}
	if c.raw() {
		return bytesAnswer(o.data)
	}
	return reply(http.StatusOK, map[string]any{
		"sha": oid, "node_id": c.repo.objectID(oid), "size": len(o.data), "url": c.url("/git/blobs/%s", oid),
		"content": lined(o.data), "encoding": "base64",
	})
}

func (c *call) postTag() *answer {
	f, bad := c.form(field{"tag", "string", true}, field{"message", "string", true}, field{"object", "string", true}, field{"type", "string", true}, field{"tagger", "object", false})
	if bad != nil {
		return bad
	}
	oid := f.text("object")
	kind := c.repo.store.kind(oid)
	if kind == "" || kind != f.text("type") {
		return c.invalid("Object does not exist")
	}
	who := c.hub.stamp(c.who.owner)
	if f.has("tagger") {
		given, bad := c.person(f, "tagger")
		if bad != nil {
			return bad
		}
		who = given
	}
	id := c.repo.store.put(kindTag, []byte("object "+oid+"\ntype "+kind+"\ntag "+f.text("tag")+"\ntagger "+who.String()+"\n\n"+f.text("message")))
	return reply(http.StatusCreated, map[string]any{
		"sha": id, "node_id": c.repo.objectID(id), "tag": f.text("tag"), "message": f.text("message"), "url": c.url("/git/tags/%s", id),
		"tagger": stampJSON(who), "object": map[string]any{"sha": oid, "type": kind, "url": c.url("/git/%ss/%s", kind, oid)},
		"verification": verification(false),
	})
}
