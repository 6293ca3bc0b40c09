package hub

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/run"
)

// push is what git asks a server to do to its refs.
type push struct {
	changes   []change
	abilities string
	pack      []byte
}

// readPush reads the request of git receive-pack: pkt-lines, then a pack.
func readPush(body []byte) push {
	var p push
	for len(body) >= 4 {
		size, err := strconv.ParseUint(string(body[:4]), 16, 32)
		if err != nil || size < 4 || int(size) > len(body) {
			body = body[4:] // the flush that ends the list
			break
		}
		line, abilities, _ := bytes.Cut(body[4:size], []byte{0})
		p.abilities += string(abilities)
		body = body[size:]
		if words := strings.Fields(string(line)); len(words) == 3 {
			p.changes = append(p.changes, change{words[2], words[0], words[1]})
		}
	}
	p.pack = body
	return p
}

// decline is the answer to a push that GitHub's hooks turn away; nil lets it pass.
func (h *Hub) decline(r *Repo, who *Token, body []byte) *answer {
	p := readPush(body)
	for _, c := range p.changes {
		if strings.HasPrefix(c.name, "refs/pull/") {
			return p.refuse(c, "deny updating a hidden ref", "")
		}
		if no := r.guard(who.owner, c); no != nil {
			return p.refuse(c, no.hook(), no.remote(r, c.name))
		}
	}
	if who.may("workflows", "write") || len(p.pack) == 0 {
		return nil
	}
	index := r.Command("index-pack", "--stdin", "--fix-thin")
	index.Stdin = bytes.NewReader(p.pack)
	if err := run.Run(context.Background(), index); err != nil {
		return nil // git itself says what is wrong with it
	}
	for _, c := range p.changes {
		if path := r.workflowChange(who, c.name, c.new); path != "" {
			return p.refuse(c, who.workflowWords(path), "")
		}
	}
	return nil
}

// hook is the reason that stands behind the ref.
func (r *refused) hook() string {
	if r.ruleset {
		return "push declined due to repository rule violations"
	}
	return "protected branch hook declined"
}

// remote is what the server says beside it.
func (r *refused) remote(repo *Repo, name string) string {
	words := "error: GH006: Protected branch update failed for " + name + ".\n\n"
	if r.ruleset {
		words = "error: GH013: Repository rule violations found for " + name + ".\nReview all repository rules at " + repo.page("/rules?ref="+url.QueryEscape(name)) + "\n\n"
	}
	for _, reason := range r.reasons {
		words += "- " + reason + "\n"
	}
	return words
}

// refuse answers that none of the refs were moved, one of them for a reason.
func (p push) refuse(because change, reason, words string) *answer {
	var report bytes.Buffer
	report.WriteString(pkt("unpack ok\n"))
	for _, c := range p.changes {
		why := reason
		if c.name != because.name {
			why = "pre-receive hook declined"
			if strings.Contains(p.abilities, "atomic") {
				why = "atomic push failed"
			}
		}
		report.WriteString(pkt("ng " + c.name + " " + why + "\n"))
	}
	report.WriteString("0000")
	out := report.String()
	if strings.Contains(p.abilities, "side-band-64k") {
		out = pkt("\x01"+out) + "0000"
		if words != "" {
			out = pkt("\x02"+words) + out
		}
	}
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/x-git-receive-pack-result"}}, body: []byte(out)}
}

// pkt is a line of git's protocol.
func pkt(line string) string { return fmt.Sprintf("%04x%s", len(line)+4, line) }
