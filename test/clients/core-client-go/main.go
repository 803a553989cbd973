// Drives datarhei's own Go client for a test: one call as JSON per line in, one answer as JSON per line out.
// The first line out is what the client learnt of the server when it connected.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	coreclient "github.com/datarhei/core-client-go/v16"
	"github.com/datarhei/core-client-go/v16/api"
)

type request struct {
	Call   string            `json:"call"`
	ID     string            `json:"id"`
	Text   string            `json:"text"`
	Config api.ProcessConfig `json:"config"`
	Value  interface{}       `json:"value"`
}

type answer struct {
	Value interface{} `json:"value"`
	Error string      `json:"error,omitempty"`
	// Of an answer of the server that the client took for an error.
	Code int `json:"code,omitempty"`
}

func main() {
	config := coreclient.Config{}
	flag.StringVar(&config.Address, "address", "", "of the server, with http://")
	flag.StringVar(&config.Username, "username", "", "of the login")
	flag.StringVar(&config.Password, "password", "", "of the login")
	flag.Parse()

	client, err := coreclient.New(config)
	if err != nil {
		write(nil, err)
		os.Exit(1)
	}
	write(client.About(), nil)

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		wanted := request{}
		if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
			write(nil, err)
			continue
		}
		write(call(client, wanted))
	}
}

func call(client coreclient.RestClient, r request) (interface{}, error) {
	switch r.Call {
	case "ProcessAdd":
		return nil, client.ProcessAdd(r.Config)
	case "ProcessList":
		return client.ProcessList(coreclient.ProcessListOptions{})
	case "Process":
		return client.Process(r.ID, nil)
	case "ProcessUpdate":
		return nil, client.ProcessUpdate(r.ID, r.Config)
	case "ProcessDelete":
		return nil, client.ProcessDelete(r.ID)
	case "ProcessCommand":
		return nil, client.ProcessCommand(r.ID, r.Text)
	case "ProcessConfig":
		return client.ProcessConfig(r.ID)
	case "ProcessState":
		return client.ProcessState(r.ID)
	case "ProcessReport":
		return client.ProcessReport(r.ID)
	case "ProcessProbe":
		return client.ProcessProbe(r.ID)
	case "ProcessMetadata":
		return client.ProcessMetadata(r.ID, r.Text)
	case "ProcessMetadataSet":
		return nil, client.ProcessMetadataSet(r.ID, r.Text, r.Value)
	case "Skills":
		return client.Skills()
	case "Log":
		return client.Log()
	case "Metadata":
		return client.Metadata(r.Text)
	case "MetadataSet":
		return nil, client.MetadataSet(r.Text, r.Value)
	case "Config":
		_, config, err := client.Config()
		return config, err
	}
	return nil, fmt.Errorf("no such call: %s", r.Call)
}

func write(value interface{}, err error) {
	out := answer{Value: value}
	if err != nil {
		out = answer{Error: err.Error()}
		if refused, ok := err.(api.Error); ok {
			out.Code = refused.Code
		}
	}
	line, err := json.Marshal(out)
	if err != nil {
		line = []byte(`{"error":"an answer that is no JSON"}`)
	}
	fmt.Println(string(line))
}
