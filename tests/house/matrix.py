"""Who gets which answer where: written by hand from the table of roles, apart from the code that it judges.

A line is: endpoint, method, place of the object, then one sign for each of PRINCIPALS.

    .  done or shown (2xx, or a redirect inside)     L  to the sign-in        P  to the forced change of password
    F  403, may know that it exists                  A  404, as if absent     R  refused with a sentence (409, 422)

Places: `a` `b` `top` an object of branch a, of branch b, of the union itself; `own` the person's own; `absent` no such
row; `-` no object. An operator of branch a has place a; the union's people have all places; the super administrator has
technical rights alone: no members, no decisions. An expired grant gives nothing; a disabled account is a stranger.
Signing out leads to the sign-in, so its L says nothing by itself; tests/org/test_signing_in.py looks at what it does.
"""

PRINCIPALS = (
    "stranger",
    "member",
    "operator of a",
    "chair of a",
    "operator of b",
    "union operator",
    "union chair",
    "super administrator",
    "expired",
    "disabled",
    "one-time password",
)

#                                               s m a k b U C A e d p
TABLE = """
static                      GET   -             . . . . . . . . . . .
home.healthz                GET   -             . . . . . . . . . . .
home.index                  GET   -             L . . . . . . . . L P
home.notices                GET   -             L . . . . . . . . L P
home.read                   POST  own           L . . . . . . . . L P
home.read                   POST  a             L A A A A A A A A L P
home.read                   POST  absent        L A A A A A A A A L P
home.act                    POST  a             L A . . A F F A A L P
home.act                    POST  b             L A A A . F F A A L P
home.act                    POST  top           L A A A A F F A A L P
home.act                    POST  own           L A A A A F F A A L P
home.act                    POST  absent        L A A A A A A A A L P

home.readyz                 GET   -             . . . . . . . . . . .
system.trace                GET   -             L F F F F F . . F L P
system.event                GET   a             L F F F F F . . F L P
system.event                GET   b             L F F F F F . . F L P
system.event                GET   top           L F F F F F . . F L P
system.event                GET   absent        L F F F F F A A F L P
system.health               GET   -             L F F F F F F . F L P
help.index                  GET   -             . . . . . . . . . . .
help.member                 GET   -             . . . . . . . . . . .
help.role                   GET   -             L . . . . . . . . L P
help.role                   GET   absent        L A A A A A A A A L P

system.settings             GET   -             L F F F F F F . F L P
system.settings             POST  -             L F F F F F F . F L P

org.login                   GET   -             . . . . . . . . . . .
org.login                   POST  -             R R R R R R R R R R R
org.logout                  POST  -             L L L L L L L L L L L
org.password                GET   -             L . . . . . . . . L .
org.password                POST  -             L R R R R R R R R L R
org.devices                 GET   -             L . . . . . . . . L P
org.sign_out_everywhere     POST  -             L L L L L L L L L L P

people.index                GET   -             L F F F F . . . F L P
people.unit_admins          GET   -             L F F F F A A A F L P
people.org_admins           GET   -             L F F F F A A A F L P
people.new                  GET   -             L F F F F . F . F L P
people.new                  POST  -             L F F F F . F . F L P
people.detail               GET   a             L F F F F . . . F L P
people.detail               GET   b             L F F F F . . . F L P
people.detail               GET   top           L F F F F . . . F L P
people.detail               GET   own           L F F F F . . . F L P
people.detail               GET   absent        L F F F F A A A F L P
people.slip                 POST  a             L F F F F . F . F L P
people.slip                 POST  b             L F F F F . F . F L P
people.slip                 POST  top           L F F F F . F . F L P
people.slip                 POST  own           L F F F F F F F F L P
people.slip                 POST  absent        L F F F F A F A F L P
people.unlock               POST  a             L F F F F . F . F L P
people.unlock               POST  b             L F F F F . F . F L P
people.unlock               POST  top           L F F F F . F . F L P
people.unlock               POST  own           L F F F F F F F F L P
people.unlock               POST  absent        L F F F F A F A F L P
people.disable              POST  a             L F F F F . F . F L P
people.disable              POST  b             L F F F F . F . F L P
people.disable              POST  top           L F F F F . F . F L P
people.disable              POST  own           L F F F F F F F F L P
people.disable              POST  absent        L F F F F A F A F L P
people.enable               POST  a             L F F F F R F R F L P
people.enable               POST  b             L F F F F R F R F L P
people.enable               POST  top           L F F F F R F R F L P
people.enable               POST  own           L F F F F F F F F L P
people.enable               POST  absent        L F F F F A F A F L P
people.give                 GET   a             L F F F F . F . F L P
people.give                 GET   b             L F F F F . F . F L P
people.give                 GET   top           L F F F F . F . F L P
people.give                 GET   own           L F F F F F F F F L P
people.give                 GET   absent        L F F F F A F A F L P
people.give                 POST  a             L F F F F . F . F L P
people.give                 POST  b             L F F F F . F . F L P
people.give                 POST  top           L F F F F . F . F L P
people.give                 POST  own           L F F F F F F F F L P
people.give                 POST  absent        L F F F F A F A F L P
people.end                  POST  a             L F F F F . F . F L P
people.end                  POST  b             L F F F F . F . F L P
people.end                  POST  top           L F F F F . F . F L P
people.end                  POST  own           L F F F F F F F F L P
people.end                  POST  absent        L F F F F A F A F L P
people.delegations          GET   -             L F F F F F . F F L P
people.lend                 GET   -             L F F F F F . F F L P
people.lend                 POST  -             L F F F F F . F F L P
people.take_back            POST  a             L F F F F F A F F L P
people.take_back            POST  own           L F F F F F . F F L P
people.take_back            POST  absent        L F F F F F A F F L P

posts.index                 GET   -             L F F F F . F F F L P
posts.new                   GET   -             L F F F F . F F F L P
posts.new                   POST  -             L F F F F . F F F L P
posts.of_term               GET   -             L F F F F . F F F L P
posts.of_term               POST  -             L F F F F . F F F L P
posts.end                   GET   a             L F F F F . F F F L P
posts.end                   GET   b             L F F F F . F F F L P
posts.end                   GET   top           L F F F F . F F F L P
posts.end                   GET   absent        L F F F F A F F F L P
posts.end                   POST  a             L F F F F . F F F L P
posts.end                   POST  b             L F F F F . F F F L P
posts.end                   POST  top           L F F F F . F F F L P
posts.end                   POST  absent        L F F F F A F F F L P

handover.index              GET   -             L F F F F . . . F L P
handover.new                GET   -             L F F F F . R . F L P
handover.new                POST  -             L F F F F . R . F L P
handover.detail             GET   a             L F F F F . . . F L P
handover.detail             GET   b             L F F F F . . . F L P
handover.detail             GET   top           L F F F F . . . F L P
handover.detail             GET   absent        L F F F F A A A F L P
handover.print_list         POST  a             L F F F F . . . F L P
handover.print_list         POST  top           L F F F F . . . F L P
handover.print_list         POST  absent        L F F F F A A A F L P

members.index               GET   -             L F . . . . . F F L P
members.find                POST  -             L F . . . . . F F L P
members.detail              GET   a             L A . . A . . A A L P
members.detail              GET   b             L A A A . . . A A L P
members.detail              GET   top           L A A A A . . A A L P
members.detail              GET   own           L . . . . . . . . L P
members.detail              GET   absent        L A A A A A A A A L P
members.me                  GET   -             L . . . . . . . . L P
members.photo               GET   a             L A . . A . . A A L P
members.photo               GET   b             L A A A . . . A A L P
members.photo               GET   top           L A A A A . . A A L P
members.photo               GET   own           L . . . . . . . . L P
members.photo               GET   absent        L A A A A A A A A L P
members.reveal              POST  a             L A F F A . . A A L P
members.reveal              POST  b             L A A A F . . A A L P
members.reveal              POST  top           L A A A A . . A A L P
members.reveal              POST  own           L . . . . . . . . L P
members.reveal              POST  absent        L A A A A A A A A L P
members.registration_form   POST  a             L A . . A . . A A L P
members.registration_form   POST  b             L A A A . . . A A L P
members.registration_form   POST  top           L A A A A . . A A L P
members.registration_form   POST  own           L . . . . . . . . L P
members.registration_form   POST  absent        L A A A A A A A A L P
members.edit                GET   a             L F . . A . F F F L P
members.edit                GET   b             L F A A . . F F F L P
members.edit                GET   top           L F A A A . F F F L P
members.edit                GET   own           L F . . . . F F F L P
members.edit                GET   absent        L F A A A A F F F L P
members.edit                POST  a             L F . . A . F F F L P
members.edit                POST  b             L F A A . . F F F L P
members.edit                POST  top           L F A A A . F F F L P
members.edit                POST  own           L F . . . . F F F L P
members.edit                POST  absent        L F A A A A F F F L P
members.edit_me             GET   -             L . . . . . . . . L P
members.edit_me             POST  -             L . . . . . . . . L P
members.my_photo            GET   -             L . . . . . . . . L P
members.my_photo            POST  -             L . . . . . . . . L P

activation.activate         GET   -             . . . . . . . . . . .
activation.activate         POST  -             R R R R R R R R R R R
activation.slip             POST  a             L F . . A . F F F L P
activation.slip             POST  b             L F A A . . F F F L P
activation.slip             POST  top           L F A A A . F F F L P
activation.slip             POST  own           L F F F F F F F F L P
activation.slip             POST  absent        L F A A A A F F F L P

joining.apply               GET   a             . . . . . . . . . . .
joining.apply               GET   absent        A A A A A A A A A A A
joining.apply               POST  a             . . . . . . . . . . .
joining.apply               POST  absent        A A A A A A A A A A A
joining.receipt             GET   -             . . . . . . . . . . .
joining.receipt             POST  a             . . . . . . . . . . .
joining.receipt             POST  absent        R R R R R R R R R R R
joining.withdraw            POST  -             R R R R R R R R R R R
joining.leave               POST  -             . . . . . . . . . . .
joining.revise              GET   -             . . . . . . . . . . .
joining.revise              POST  -             . . . . . . . . . . .
joining.password            POST  -             . . . . . . . . . . .
joining.index               GET   -             L F . . . . . F F L P
joining.detail              GET   a             L F . . A . . F F L P
joining.detail              GET   b             L F A A . . . F F L P
joining.detail              GET   top           L F A A A . . F F L P
joining.detail              GET   own           L F A A A . . F F L P
joining.detail              GET   absent        L F A A A A A F F L P
joining.photo               GET   a             L F . . A . . F F L P
joining.photo               GET   b             L F A A . . . F F L P
joining.photo               GET   top           L F A A A . . F F L P
joining.photo               GET   absent        L F A A A A A F F L P
joining.approve             GET   a             L F F F F . . F F L P
joining.approve             GET   b             L F F F F . . F F L P
joining.approve             GET   top           L F F F F . . F F L P
joining.approve             GET   own           L F F F F . . F F L P
joining.approve             GET   absent        L F F F F A A F F L P
joining.approve             POST  a             L F F F F . . F F L P
joining.approve             POST  b             L F F F F . . F F L P
joining.approve             POST  top           L F F F F . . F F L P
joining.approve             POST  own           L F F F F F F F F L P
joining.approve             POST  absent        L F F F F A A F F L P
drafts.resume               GET   -             . . . . . . . . . . .
drafts.resume               POST  -             . . . . . . . . . . .
drafts.drop                 POST  -             R R R R R R R R R R R
joining.approve_without_opinion GET a           L F F F F . . F F L P
joining.approve_without_opinion GET b           L F F F F . . F F L P
joining.approve_without_opinion GET top         L F F F F . . F F L P
joining.approve_without_opinion GET own         L F F F F . . F F L P
joining.approve_without_opinion GET absent      L F F F F A A F F L P
joining.approve_without_opinion POST a          L F F F F R R F F L P
joining.approve_without_opinion POST own        L F F F F F F F F L P
joining.approve_without_opinion POST absent     L F F F F A A F F L P
joining.redirect            GET   a             L F . . A . . F F L P
joining.redirect            GET   b             L F A A . . . F F L P
joining.redirect            GET   top           L F A A A . . F F L P
joining.redirect            GET   own           L F A A A . . F F L P
joining.redirect            GET   absent        L F A A A A A F F L P
joining.redirect            POST  a             L F . . A . . F F L P
joining.redirect            POST  b             L F A A . . . F F L P
joining.redirect            POST  top           L F A A A . . F F L P
joining.redirect            POST  own           L F A A A F F F F L P
joining.redirect            POST  absent        L F A A A A A F F L P
many.approve                GET   -             L F F F F . . F F L P
many.approve                POST  a             L F F F F . . F F L P
many.approve                POST  own           L F F F F . . F F L P
many.approve                POST  absent        L F F F F R R F F L P
many.agree                  GET   -             L F . . . F F F F L P
many.agree                  POST  a             L F . . R F F F F L P
many.agree                  POST  b             L F R R . F F F F L P
many.agree                  POST  absent        L F R R R F F F F L P
many.by_branch              GET   -             L F . . . . . F F L P
joining.send_back           GET   a             L F . . A . . F F L P
joining.send_back           GET   b             L F A A . . . F F L P
joining.send_back           GET   top           L F A A A . . F F L P
joining.send_back           GET   own           L F A A A . . F F L P
joining.send_back           GET   absent        L F A A A A A F F L P
joining.send_back           POST  a             L F . . A . . F F L P
joining.send_back           POST  b             L F A A . . . F F L P
joining.send_back           POST  top           L F A A A . . F F L P
joining.send_back           POST  own           L F A A A F F F F L P
joining.send_back           POST  absent        L F A A A A A F F L P
joining.reject              GET   a             L F F F F . . F F L P
joining.reject              GET   b             L F F F F . . F F L P
joining.reject              GET   top           L F F F F . . F F L P
joining.reject              GET   own           L F F F F . . F F L P
joining.reject              GET   absent        L F F F F A A F F L P
joining.reject              POST  a             L F F F F . . F F L P
joining.reject              POST  b             L F F F F . . F F L P
joining.reject              POST  top           L F F F F . . F F L P
joining.reject              POST  own           L F F F F F F F F L P
joining.reject              POST  absent        L F F F F A A F F L P
codes.index                 GET   -             L F . . . . . . F L P
codes.issue                 POST  a             L F . . A . . . F L P
codes.issue                 POST  b             L F A A . . . . F L P
codes.issue                 POST  top           L F A A A . . . F L P
codes.issue                 POST  absent        L F A A A A A A F L P
codes.detail                GET   a             L F . . A . . . F L P
codes.detail                GET   b             L F A A . . . . F L P
codes.detail                GET   top           L F A A A . . . F L P
codes.detail                GET   absent        L F A A A A A A F L P
codes.revoke                POST  a             L F . . A . . . F L P
codes.revoke                POST  b             L F A A . . . . F L P
codes.revoke                POST  top           L F A A A . . . F L P
codes.revoke                POST  absent        L F A A A A A A F L P
codes.renew                 POST  a             L F . . A . . . F L P
codes.renew                 POST  b             L F A A . . . . F L P
codes.renew                 POST  top           L F A A A . . . F L P
codes.renew                 POST  absent        L F A A A A A A F L P
codes.poster                POST  a             L F R R A R R R F L P
codes.poster                POST  b             L F A A R R R R F L P
codes.poster                POST  top           L F A A A R R R F L P
codes.poster                POST  absent        L F A A A A A A F L P
codes.bundle                POST  a             L F R R A R R R F L P
codes.bundle                POST  b             L F A A R R R R F L P
codes.bundle                POST  top           L F A A A R R R F L P
codes.bundle                POST  absent        L F A A A A A A F L P
codes.svg                   GET   a             L F . . A . . . F L P
codes.svg                   GET   b             L F A A . . . . F L P
codes.svg                   GET   top           L F A A A . . . F L P
codes.svg                   GET   absent        L F A A A A A A F L P
codes.png                   GET   a             L F . . A . . . F L P
codes.png                   GET   b             L F A A . . . . F L P
codes.png                   GET   top           L F A A A . . . F L P
codes.png                   GET   absent        L F A A A A A A F L P

unions.index                GET   -             L F A A A A A A F L P
unions.code                 POST  a             L F A A A A A A F L P
unions.code                 POST  b             L F A A A A A A F L P
unions.code                 POST  top           L F A A A A A A F L P
unions.code                 POST  absent        L F A A A A A A F L P
province.register           GET   -             A A A A A A A A A A A
province.come_back          POST  -             R R R R R R R R R R R

entry.new                   GET   -             L F . . . . F F F L P
entry.new                   POST  -             L F . . . . F F F L P
entry.scan                  GET   a             L F . . A . . F F L P
entry.scan                  GET   b             L F A A . . . F F L P
entry.scan                  GET   top           L F A A A . . F F L P
entry.scan                  GET   absent        L F A A A A A F F L P
entry.evidence              POST  a             L F . . A . F F F L P
entry.evidence              POST  b             L F A A . . F F F L P
entry.evidence              POST  top           L F A A A . F F F L P
entry.evidence              POST  absent        L F A A A A F F F L P
entry.link                  POST  a             L F R R A R F F F L P
entry.link                  POST  b             L F A A R R F F F L P
entry.link                  POST  top           L F A A A R F F F L P
entry.link                  POST  absent        L F A A A A F F F L P
entry.confirm               GET   a             . . . . . . . . . . .
entry.confirm               GET   absent        A A A A A A A A A A A
entry.confirm               POST  a             . . R R R R R . . . R
entry.confirm               POST  absent        A A A A A A A A A A A
expected.index              GET   -             L F . . . . . F F L P
expected.new                GET   -             L F F F F . . F F L P
expected.new                POST  -             L F F F F . . F F L P
expected.detail             GET   a             L F . . A . . F F L P
expected.detail             GET   b             L F A A . . . F F L P
expected.detail             GET   top           L F A A A . . F F L P
expected.detail             GET   absent        L F A A A A A F F L P
expected.add                GET   a             L F F F F . . F F L P
expected.add                GET   b             L F F F F . . F F L P
expected.add                GET   top           L F F F F . . F F L P
expected.add                GET   absent        L F F F F A A F F L P
expected.add                POST  a             L F F F F . . F F L P
expected.add                POST  b             L F F F F . . F F L P
expected.add                POST  top           L F F F F . . F F L P
expected.add                POST  absent        L F F F F A A F F L P
expected.invite             POST  a             L F R R A R F F F L P
expected.invite             POST  b             L F A A R R F F F L P
expected.invite             POST  top           L F A A A R F F F L P
expected.invite             POST  absent        L F A A A A F F F L P
expected.close              POST  a             L F F F F . . F F L P
expected.close              POST  b             L F F F F . . F F L P
expected.close              POST  top           L F F F F . . F F L P
expected.close              POST  absent        L F F F F A A F F L P
expected.remove             POST  a             L F F F F . . F F L P
expected.remove             POST  b             L F F F F . . F F L P
expected.remove             POST  top           L F F F F . . F F L P
expected.remove             POST  absent        L F F F F A A F F L P
expected.invited            GET   a             . . . . . . . . . . .
expected.invited            GET   absent        A A A A A A A A A A A
expected.invited            POST  a             . . . . . . . . . . .
expected.invited            POST  absent        A A A A A A A A A A A

cards.card                  GET   -             L . . . . . . . . L P
cards.code                  GET   -             L . . . . . . . . L P
cards.verify                GET   -             . . . . . . . . . . .

importing.index             GET   -             L F . . . . F F F L P
importing.index             POST  -             L F . . . . F F F L P
importing.blank             GET   -             L F . . . . F F F L P
importing.file              POST  a             L F A A A A F F F L P
importing.file              POST  own           L F . . . . F F F L P
importing.file              POST  absent        L F A A A A F F F L P
importing.detail            GET   a             L F . . A . F F F L P
importing.detail            GET   b             L F A A . . F F F L P
importing.detail            GET   top           L F A A A . F F F L P
importing.detail            GET   own           L F . . . . F F F L P
importing.detail            GET   absent        L F A A A A F F F L P
importing.columns           GET   a             L F A A A A F F F L P
importing.columns           GET   own           L F . . . . F F F L P
importing.columns           GET   absent        L F A A A A F F F L P
importing.columns           POST  a             L F A A A A F F F L P
importing.columns           POST  own           L F . . . . F F F L P
importing.columns           POST  absent        L F A A A A F F F L P
importing.commit            POST  a             L F A A A A F F F L P
importing.commit            POST  own           L F . . . . F F F L P
importing.commit            POST  absent        L F A A A A F F F L P
importing.undo              POST  a             L F . . A . F F F L P
importing.undo              POST  b             L F A A . . F F F L P
importing.undo              POST  top           L F A A A . F F F L P
importing.undo              POST  own           L F R R R R F F F L P
importing.undo              POST  absent        L F A A A A F F F L P
importing.discard           POST  a             L F A A A A F F F L P
importing.discard           POST  own           L F . . . . F F F L P
importing.discard           POST  absent        L F A A A A F F F L P

prints.index                GET   -             L F . . . . . F F L P
prints.start                POST  -             L F . . . . . F F L P
prints.job                  GET   a             L F A A A A A F F L P
prints.job                  GET   own           L F . . . . . F F L P
prints.job                  GET   absent        L F A A A A A F F L P
prints.download             GET   a             L F A A A A A F F L P
prints.download             GET   own           L F . . . . . F F L P
prints.download             GET   absent        L F A A A A A F F L P
prints.cancel               POST  a             L F A A A A A F F L P
prints.cancel               POST  own           L F . . . . . F F L P
prints.cancel               POST  absent        L F A A A A A F F L P
prints.blank                GET   -             L F . . . . . F F L P
prints.check                GET   a             . . . . . . . . . . .
prints.check                GET   absent        A A A A A A A A A A A
prints.papers               GET   -             L F . . . . . F F L P
prints.file_many            POST  a             L F . . R . . F F L P
prints.file_many            POST  b             L F R R . . . F F L P
prints.file_many            POST  absent        L F R R R R R F F L P
prints.paper                GET   a             L F . . A . . F F L P
prints.paper                GET   b             L F A A . . . F F L P
prints.paper                GET   top           L F A A A . . F F L P
prints.paper                GET   own           L F A A A . . F F L P
prints.paper                GET   absent        L F A A A A A F F L P
prints.paper                POST  a             L F . . A . . F F L P
prints.paper                POST  b             L F A A . . . F F L P
prints.paper                POST  top           L F A A A . . F F L P
prints.paper                POST  own           L F A A A . . F F L P
prints.paper                POST  absent        L F A A A A A F F L P
prints.scan                 POST  a             L F F F A . . F F L P
prints.scan                 POST  b             L F A A F . . F F L P
prints.scan                 POST  top           L F A A A . . F F L P
prints.scan                 POST  own           L F A A A A A F F L P
prints.scan                 POST  absent        L F A A A A A F F L P

units.index                 GET   -             L F F F F . . . F L P
units.detail                GET   a             L F F F F . . . F L P
units.detail                GET   b             L F F F F . . . F L P
units.detail                GET   top           L F F F F . . . F L P
units.detail                GET   absent        L F F F F A A A F L P
departments.index           GET   a             L F F F F . . . F L P
departments.index           GET   b             L F F F F . . . F L P
departments.index           GET   top           L F F F F . . . F L P
departments.index           GET   absent        L F F F F A A A F L P
units.new                   GET   a             L F F F F . F . F L P
units.new                   GET   b             L F F F F . F . F L P
units.new                   GET   top           L F F F F . F . F L P
units.new                   GET   absent        L F F F F A F A F L P
units.new                   POST  a             L F F F F . F . F L P
units.new                   POST  b             L F F F F . F . F L P
units.new                   POST  top           L F F F F . F . F L P
units.new                   POST  absent        L F F F F A F A F L P
units.edit                  GET   a             L F F F F . F . F L P
units.edit                  GET   b             L F F F F . F . F L P
units.edit                  GET   top           L F F F F . F . F L P
units.edit                  GET   absent        L F F F F A F A F L P
units.edit                  POST  a             L F F F F . F . F L P
units.edit                  POST  b             L F F F F . F . F L P
units.edit                  POST  top           L F F F F . F . F L P
units.edit                  POST  absent        L F F F F A F A F L P
units.rename                GET   a             L F F F F . F . F L P
units.rename                GET   b             L F F F F . F . F L P
units.rename                GET   top           L F F F F . F . F L P
units.rename                GET   absent        L F F F F A F A F L P
units.rename                POST  a             L F F F F . F . F L P
units.rename                POST  b             L F F F F . F . F L P
units.rename                POST  top           L F F F F . F . F L P
units.rename                POST  absent        L F F F F A F A F L P
units.cancel_name           POST  a             L F F F F . F . F L P
units.cancel_name           POST  b             L F F F F . F . F L P
units.cancel_name           POST  top           L F F F F . F . F L P
units.cancel_name           POST  absent        L F F F F A F A F L P
units.move                  GET   a             L F F F F . F . F L P
units.move                  GET   b             L F F F F . F . F L P
units.move                  GET   top           L F F F F . F . F L P
units.move                  GET   absent        L F F F F A F A F L P
units.disable               GET   a             L F F F F . F . F L P
units.disable               GET   b             L F F F F . F . F L P
units.disable               GET   top           L F F F F . F . F L P
units.disable               GET   absent        L F F F F A F A F L P
units.move                  POST  a             L F F F F R F R F L P
units.move                  POST  b             L F F F F R F R F L P
units.move                  POST  top           L F F F F F F F F L P
units.move                  POST  absent        L F F F F A F A F L P
units.disable               POST  a             L F F F F R F R F L P
units.disable               POST  b             L F F F F R F R F L P
units.disable               POST  top           L F F F F F F F F L P
units.disable               POST  absent        L F F F F A F A F L P
units.enable                POST  a             L F F F F R F R F L P
units.enable                POST  b             L F F F F R F R F L P
units.enable                POST  top           L F F F F F F F F L P
units.enable                POST  absent        L F F F F A F A F L P
departments.add             POST  a             L F F F F . F . F L P
departments.add             POST  b             L F F F F . F . F L P
departments.add             POST  top           L F F F F . F . F L P
departments.add             POST  absent        L F F F F A F A F L P
departments.paste           POST  a             L F F F F . F . F L P
departments.paste           POST  b             L F F F F . F . F L P
departments.paste           POST  top           L F F F F . F . F L P
departments.paste           POST  absent        L F F F F A F A F L P
departments.end             GET   a             L F F F F . F . F L P
departments.end             GET   b             L F F F F . F . F L P
departments.end             GET   top           L F F F F . F . F L P
departments.end             GET   absent        L F F F F A F A F L P
departments.end             POST  a             L F F F F . F . F L P
departments.end             POST  b             L F F F F . F . F L P
departments.end             POST  top           L F F F F . F . F L P
departments.end             POST  absent        L F F F F A F A F L P
unit_sheets.bring           GET   -             L F F F F . F . F L P
unit_sheets.bring           POST  -             L F F F F . F . F L P
unit_sheets.detail          GET   a             L F F F F A F A F L P
unit_sheets.detail          GET   own           L F F F F . F . F L P
unit_sheets.detail          GET   absent        L F F F F A F A F L P
unit_sheets.write           POST  a             L F F F F A F A F L P
unit_sheets.write           POST  own           L F F F F . F . F L P
unit_sheets.write           POST  absent        L F F F F A F A F L P

comparison.index            GET   -             L F F F F . F F F L P
comparison.index            POST  -             L F F F F . F F F L P
comparison.detail           GET   a             L F F F F . F F F L P
comparison.detail           GET   b             L F F F F . F F F L P
comparison.detail           GET   top           L F F F F . F F F L P
comparison.detail           GET   absent        L F F F F A F F F L P
comparison.columns          GET   a             L F F F F . F F F L P
comparison.columns          GET   b             L F F F F . F F F L P
comparison.columns          GET   top           L F F F F . F F F L P
comparison.columns          GET   absent        L F F F F A F F F L P
comparison.columns          POST  a             L F F F F R F F F L P
comparison.columns          POST  b             L F F F F R F F F L P
comparison.columns          POST  top           L F F F F R F F F L P
comparison.columns          POST  absent        L F F F F A F F F L P
comparison.settle           GET   a             L F F F F . F F F L P
comparison.settle           GET   b             L F F F F . F F F L P
comparison.settle           GET   top           L F F F F . F F F L P
comparison.settle           GET   absent        L F F F F A F F F L P
comparison.settle           POST  a             L F F F F . F F F L P
comparison.settle           POST  b             L F F F F . F F F L P
comparison.settle           POST  top           L F F F F . F F F L P
comparison.settle           POST  absent        L F F F F A F F F L P
comparison.recheck          POST  a             L F F F F . F F F L P
comparison.recheck          POST  b             L F F F F . F F F L P
comparison.recheck          POST  top           L F F F F . F F F L P
comparison.recheck          POST  absent        L F F F F A F F F L P
comparison.export           POST  a             L F F F F . F F F L P
comparison.export           POST  b             L F F F F . F F F L P
comparison.export           POST  top           L F F F F . F F F L P
comparison.export           POST  absent        L F F F F A F F F L P
comparison.discard          POST  a             L F F F F . F F F L P
comparison.discard          POST  b             L F F F F . F F F L P
comparison.discard          POST  top           L F F F F . F F F L P
comparison.discard          POST  absent        L F F F F A F F F L P
matters.index               GET   -             L F . . . . F F F L P
matters.detail              GET   a             L F . . A . F F F L P
matters.detail              GET   b             L F A A . . F F F L P
matters.detail              GET   top           L F A A A . F F F L P
matters.detail              GET   absent        L F A A A A F F F L P
"""


def rows() -> list[tuple[str, str, str, dict[str, str]]]:
    """Return (endpoint, method, place, sign by principal) of every line."""
    found = []
    for line in filter(None, map(str.strip, TABLE.splitlines())):
        endpoint, method, place, *signs = line.split()
        assert len(signs) == len(PRINCIPALS), line
        found.append((endpoint, method, place, dict(zip(PRINCIPALS, signs, strict=True))))
    return found
