package aws

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

// Failure is an answer that comes in the place of the right one.
type Failure struct {
	Action string // "" is any
	Skip   int    // how many that match are answered rightly before
	Times  int    // how often; 0 is always

	Code    string // of AWS; where it is one of those in Troubles, the rest may be left out
	Status  int
	Message string
	HTML    bool // a page of a proxy, not an answer of AWS
	Cut     bool // the connection ends
	Done    bool // does what was asked before it fails
}

// Troubles are what AWS says in passing.
var Troubles = map[string]Failure{
	"IDPCommunicationError": {Status: 400, Message: "The request could not be fulfilled because the identity provider (IDP) that was asked to verify the incoming identity token could not be reached. This is often a transient error caused by network conditions. Retry the request a limited number of times so that you don't exceed the request rate. If the error persists, the identity provider might be down or not responding."},
	"InvalidIdentityToken":  {Status: 400, Message: "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"},
	"Throttling":            {Status: 400, Message: "Rate exceeded"},
	"ThrottlingException":   {Status: 400, Message: "Rate exceeded"},
	"ServerException":       {Status: 500},
	"InternalFailure":       {Status: 500, Message: "The request processing has failed because of an unknown error, exception or failure."},
	"ExpiredTokenException": {Status: 400, Message: "The security token included in the request is expired"},
	"ExpiredToken":          {Status: 403, Message: "The security token included in the request is expired"},
}

// Fail adds a failure; of several that match, the first that is left comes first.
func (a *AWS) Fail(f Failure) {
	if known, ok := Troubles[f.Code]; ok && f.Status == 0 {
		f.Status, f.Message = known.Status, known.Message
	}
	if f.Times == 0 {
		f.Times = -1
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures = append(a.failures, &f)
}

// Calm ends all failures.
func (a *AWS) Calm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures = nil
}

// failure is the first that matches and is left.
func (a *AWS) failure(q *asked) *Failure {
	for _, f := range a.failures {
		switch {
		case f.Times == 0 || f.Action != "" && f.Action != q.Action:
			continue
		case f.Skip > 0:
			f.Skip--
			continue
		case f.Times > 0:
			f.Times--
		}
		return f
	}
	return nil
}

func (f *Failure) serve(a *AWS, w http.ResponseWriter, q *asked) {
	if f.Done {
		a.answer(httptest.NewRecorder(), q)
	}
	switch {
	case f.Cut:
		panic(http.ErrAbortHandler) // net/http's way to cut the line
	case f.HTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		io.WriteString(w, "<html><body><h1>Bad Gateway</h1></body></html>")
	default:
		q.refuse(w, f.Status, f.Code, f.Message)
	}
}

// refuse answers in the protocol of the service.
func (q *asked) refuse(w http.ResponseWriter, status int, code, message string) {
	if q.Service != "sts" {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message})
		return
	}
	type told struct{ Type, Code, Message string }
	kind := "Sender"
	if status >= 500 {
		kind = "Receiver"
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	xml.NewEncoder(w).Encode(struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error     told
		RequestId string
	}{Error: told{kind, code, message}, RequestId: requestID})
}

func writeJSON(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("x-amzn-RequestId", requestID)
	json.NewEncoder(w).Encode(answer)
}

// epoch is a time as JSON 1.1 has it: seconds, with a fraction.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
